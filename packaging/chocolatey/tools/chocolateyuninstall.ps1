# Chocolatey puts /x before these arguments, so that they begin with the product's code.
# 1605: it was removed already, by Settings or msiexec.
$ErrorActionPreference = 'Stop'
$arguments = @{
  PackageName    = 'ctlclient'
  FileType       = 'msi'
  SilentArgs     = '@PRODUCT@ /qn /norestart'
  File           = ''
  ValidExitCodes = @(0, 3010, 1641, 1605)
}
Uninstall-ChocolateyPackage @arguments
