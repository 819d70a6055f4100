@echo off
rem Lockstep's command line on Windows: builds it when it is missing, then runs it in the caller's folder.
rem After a change of the sources: dotnet build src\Lockstep.Cli -c Release
setlocal
set "root=%~dp0"
set "dll=%root%artifacts\bin\Lockstep.Cli\release\lockstep.dll"
if exist "%dll%" goto run
where dotnet >nul 2>nul || (echo lockstep: dotnet is not on the PATH. Lockstep needs the .NET SDK 10, https://dot.net/download 1>&2 & exit /b 1)
powershell -NoProfile -ExecutionPolicy Bypass -File "%root%build\fetch-native.ps1" 1>&2 || exit /b 1
echo lockstep: building, once ... 1>&2
dotnet build "%root%src\Lockstep.Cli" -c Release -v quiet --nologo 1>&2 || exit /b 1
:run
dotnet exec "%dll%" %*
