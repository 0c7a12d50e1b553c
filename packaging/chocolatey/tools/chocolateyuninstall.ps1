$ErrorActionPreference = 'Stop'
Uninstall-ChocolateyPackage -PackageName 'ctlclient' -FileType 'msi' -SilentArgs '@PRODUCT@ /qn /norestart' -File ''
