// Package handout checks what is handed out: the manifests of WinGet and Chocolatey, against the
// rules of those who take them, and against the files that scripts/dist made:
//
//	go test ./internal/handout [-dist DIR]
//
// The rules are those of WinGet's manifest schema 1.10.0 and of its community's repository (no
// singletons), of NuGet's schema for a .nuspec with Chocolatey's additions, and what Chocolatey's
// validator demands (rules CPMR0001 and following), for the fields that are used here.
package handout
