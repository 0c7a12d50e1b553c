$ErrorActionPreference = 'Stop'
Install-ChocolateyPackage -PackageName 'ctlclient' -FileType 'msi' -SilentArgs '/qn /norestart' `
  -Url64bit '@ADDRESS@' -Checksum64 '@SHA256@' -ChecksumType64 'sha256'
