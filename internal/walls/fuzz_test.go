package walls

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// decoders are what reads bytes that somebody else wrote, each with the fuzz target
// that states its law.
var decoders = map[string]string{
	"trust lists":                       "ctlbuild.FuzzParse",
	"trust lists, edited":               "ctlbuild.FuzzEdit",
	"signed files (.sgn)":               "ctlbuild.FuzzEnvelope",
	"certificates":                      "certificate.FuzzParse",
	"names that lists have":             "certificate.FuzzCommonName",
	"addresses of files":                "source.FuzzRedact",
	"certificates on tokens":            "token.FuzzParseCertificate",
	"what module hosts are told":        "token/host.FuzzMessage",
	"files with practice tokens":        "token/practice.FuzzParse",
	"PIN and password files":            "internal/secret.FuzzLine",
	"PKCS#11 URIs":                      "token.FuzzParseURI",
	"frames of CTLP and TVS":            "protocol/internal/frame.FuzzFrame",
	"CTLP frames":                       "protocol/ctlp.FuzzFrame",
	"CTLP elements":                     "protocol/ctlp.FuzzElements",
	"CTLP requests, by a server":        "protocol/ctlp.FuzzServer",
	"CTLP texts for people":             "protocol/ctlp.FuzzPrintable",
	"TVS messages":                      "protocol/tvs.FuzzMessage",
	"SOAP":                              "protocol/internal/soap.FuzzDecode",
	"phones by AXL":                     "protocol/axl.FuzzPhones",
	"certificates by AXL":               "protocol/axl.FuzzCertificate",
	"rows by AXL":                       "protocol/axl.FuzzRows",
	"AXL requests, by a server":         "protocol/axl.FuzzServer",
	"phones by RisPort70":               "protocol/serviceability.FuzzPhones",
	"services by Control Center":        "protocol/serviceability.FuzzServices",
	"pages of phones":                   "protocol/phoneweb.FuzzPage",
	"a phone's own word":                "trust/phoneword.FuzzJudge",
	"words of an SFTP server":           "protocol/sftp.FuzzServerWords",
	"key files of PuTTY":                "protocol/sshconn.FuzzPPK",
	"TFTP requests":                     "protocol/tftp.FuzzParseRequest",
	"what the administration CLI says":  "protocol/platform.FuzzParseShow",
	"its terminal":                      "protocol/platform.FuzzScreen",
	"its tables":                        "protocol/platform.FuzzParseTable",
	"its list of nodes":                 "protocol/platform.FuzzParseCluster",
	"its lists of certificates":         "protocol/platform.FuzzParseCertList",
	"its certificates and licence":      "protocol/platform.FuzzParseCertAndLicense",
	"certificates by REST":              "protocol/certapi.FuzzAnswers",
	"pages of OS Administration":        "protocol/osadmin.FuzzPage",
	"profiles":                          "cluster/site.FuzzProfile",
	"kept identities":                   "cluster/meet.FuzzIdentities",
	"journals":                          "cluster/journal.FuzzDecode",
	"fleets":                            "trust/fleet.FuzzRead",
	"versions of CUCM":                  "trust/release.FuzzParse",
	"catalogues of texts":               "message.FuzzReadLanguage",
	"what a phone holds and is offered": "trust.FuzzAssess",
	"the provider's configuration":      "provider.FuzzConfig",
	"the provider's users":              "provider.FuzzUsers",
}

// Every decoder has a fuzz target, and every target begins with real data: a corpus
// that is empty is silent about it.
func TestDecodersAreFuzzed(t *testing.T) {
	targets := fuzzTargets(t)
	for what, target := range decoders {
		if _, ok := targets[target]; !ok {
			t.Errorf("%s: there is no %s", what, target)
		}
	}
	for name, seeds := range targets {
		if seeds == 0 {
			t.Errorf("%s has no seeds", name)
		}
	}
}

// fuzzTargets counts what seeds every target: calls of f.Add or of seed, which the
// package has for several, and the files of its corpus.
func fuzzTargets(t *testing.T) map[string]int {
	t.Helper()
	targets := map[string]int{}
	eachFile(t, func(name string, data []byte) {
		file, err := parser.ParseFile(token.NewFileSet(), name, data, parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			return
		}
		dir := path.Dir(name)
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Fuzz") {
				continue
			}
			seeds := 0
			ast.Inspect(f.Body, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				switch f := call.Fun.(type) {
				case *ast.SelectorExpr:
					if f.Sel.Name == "Add" {
						seeds++
					}
				case *ast.Ident:
					if f.Name == "seed" { // which fails where it adds nothing
						seeds++
					}
				}
				return true
			})
			if corpus, err := os.ReadDir(filepath.Join(root, filepath.FromSlash(dir), "testdata", "fuzz", f.Name.Name)); err == nil {
				seeds += len(corpus)
			}
			targets[dir+"."+f.Name.Name] = seeds
		}
	}, "_test.go")
	return targets
}
