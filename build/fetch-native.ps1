# Fetches DuckDB's library into native/<rid>/ of this repository, as build/fetch-native does: see there.
#   build/fetch-native.ps1 [rid]
param([string] $Rid = "win-$(if ($env:PROCESSOR_ARCHITECTURE -eq 'ARM64') { 'arm64' } else { 'x64' })")
$ErrorActionPreference = 'Stop'

$root = Split-Path $PSScriptRoot
$lock = Get-Content (Join-Path $PSScriptRoot 'native.lock') | Where-Object { $_ -and -not $_.StartsWith('#') } | ForEach-Object { , ($_ -split '\s+') }
$version = ($lock | Where-Object { $_[0] -eq 'version' })[1]
$entry = $lock | Where-Object { $_[0] -eq $Rid }
if (-not $entry) { throw "'$Rid' is not a platform of build/native.lock." }
$null, $package, $file, $packed, $unpacked = $entry

$to = Join-Path $root "native/$Rid"
$stamp = Join-Path $to 'sha256'
if ((Test-Path (Join-Path $to $file)) -and (Test-Path $stamp) -and ((Get-Content $stamp) -eq $unpacked)) { return }

$temp = Join-Path $to ".fetch.$PID"
New-Item -ItemType Directory -Force $temp | Out-Null
try {
    Push-Location $temp
    try {
        Write-Host "Fetching DuckDB's library: $package@$version"
        npm pack "$package@$version" --silent --fetch-retries=1 | Out-Null
        if ($LASTEXITCODE -ne 0) { throw "Could not fetch $package@$version. Run build/fetch-native.ps1 again when there is a network." }
        $tgz = (Get-ChildItem *.tgz)[0].FullName
        $found = (Get-FileHash -Algorithm SHA512 $tgz).Hash.ToLowerInvariant()
        if ($found -ne $packed) { throw "$package@$version has sha512 $found; build/native.lock wants $packed. Nothing was installed." }
        tar -xzf $tgz "package/$file" package/LICENSE
        $found = (Get-FileHash -Algorithm SHA256 "package/$file").Hash.ToLowerInvariant()
        if ($found -ne $unpacked) { throw "$file of $package@$version has sha256 $found; build/native.lock wants $unpacked. Nothing was installed." }
    }
    finally { Pop-Location }
    if (Test-Path $stamp) { Remove-Item $stamp }
    Move-Item -Force (Join-Path $temp 'package/LICENSE') (Join-Path $to 'LICENSE')
    Move-Item -Force (Join-Path $temp "package/$file") (Join-Path $to $file)
    Set-Content -NoNewline $stamp $unpacked
}
finally { Remove-Item -Recurse -Force $temp -ErrorAction SilentlyContinue }
