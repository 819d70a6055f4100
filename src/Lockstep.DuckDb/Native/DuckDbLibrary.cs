using System.Runtime.InteropServices;
using Lockstep.Core;

namespace Lockstep.DuckDb.Native;

/// <summary>
/// Finds DuckDB's library: beside the program, then in <c>native/&lt;rid&gt;</c> of its folder or of a folder above it (a clone that ran
/// <c>build/fetch-native</c>), then at <c>LOCKSTEP_DUCKDB</c> (a file, or the folder that holds it).
/// </summary>
internal static class DuckDbLibrary
{
    public const string Name = "duckdb";
    public const string Variable = "LOCKSTEP_DUCKDB";

    static readonly Lazy<nint> Handle = new(() =>
    {
        var handle = NativeLibrary.Load(Find(AppContext.BaseDirectory, Environment.GetEnvironmentVariable(Variable)));
        NativeLibrary.SetDllImportResolver(typeof(DuckDbLibrary).Assembly, (name, _, _) => name == Name ? handle : 0);
        return handle;
    });

    public static string FileName { get; } = OperatingSystem.IsWindows() ? "duckdb.dll"
        : OperatingSystem.IsMacOS() ? "libduckdb.dylib" : "libduckdb.so";

    public static string Platform { get; } =
        $"{(OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";

    /// <summary>Called before the first use: says what to do when the library is missing, where a failed import would not.</summary>
    public static void Load() => _ = Handle.Value;

    internal static string Find(string programFolder, string? variable)
    {
        var beside = Path.Combine(programFolder, FileName);
        if (File.Exists(beside)) return beside;
        for (var folder = new DirectoryInfo(programFolder); folder is not null; folder = folder.Parent)
        {
            var fetched = Path.Combine(folder.FullName, "native", Platform, FileName);
            if (File.Exists(fetched)) return fetched;
        }
        if (!string.IsNullOrEmpty(variable))
        {
            if (File.Exists(variable)) return variable;
            var inside = Path.Combine(variable, FileName);
            if (File.Exists(inside)) return inside;
        }
        throw new LockstepException(ErrorKind.Failed,
            $"DuckDB's library ({FileName} for {Platform}) is missing. Run  build/fetch-native  in the repository"
            + $"{(string.IsNullOrEmpty(variable) ? $", or set {Variable} to its path" : $"; {Variable} is set, but there is no library at '{variable}'")}.");
    }
}
