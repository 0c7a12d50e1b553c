# 3010 and 1641: installed, and Windows wants to restart.
$ErrorActionPreference = 'Stop'
$arguments = @{
  PackageName    = 'ctlclient'
  SoftwareName   = 'ctlclient'
  FileType       = 'msi'
  SilentArgs     = '/qn /norestart'
  Url64bit       = '@ADDRESS@'
  Checksum64     = '@SHA256@'
  ChecksumType64 = 'sha256'
  ValidExitCodes = @(0, 3010, 1641)
}
Install-ChocolateyPackage @arguments
