using System.Runtime.InteropServices;
using Confluent.Kafka;
using Lockstep.Core;

namespace Lockstep.Kafka;

/// <summary>
/// Finds librdkafka: beside the program, then in <c>native/&lt;rid&gt;</c> of its folder or of a folder above it (a clone that ran
/// <c>build/fetch-librdkafka</c>), then at <c>LOCKSTEP_LIBRDKAFKA</c>. Nothing looks for it before a source with a topic is read.
/// </summary>
public static class KafkaLibrary
{
    public const string Variable = "LOCKSTEP_LIBRDKAFKA";

    static readonly Lock Gate = new();
    static bool s_loaded;

    static string FileName { get; } = OperatingSystem.IsWindows() ? "librdkafka.dll" : OperatingSystem.IsMacOS() ? "librdkafka.dylib" : "librdkafka.so";

    static string Platform { get; } =
        $"{(OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux")}-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";

    /// <summary>Called before each use: says what to do when the library is missing, where a failed import would not, and finds it when it has come.</summary>
    public static void Load()
    {
        lock (Gate)
        {
            if (s_loaded) return;
            var handle = NativeLibrary.Load(Find(AppContext.BaseDirectory, Environment.GetEnvironmentVariable(Variable)));
            // The client asks for libdl too, by a name that newer systems do not have.
            NativeLibrary.SetDllImportResolver(typeof(Library).Assembly, (name, assembly, search) =>
                name.Contains("rdkafka", StringComparison.Ordinal) ? handle
                : name == "libdl" && NativeLibrary.TryLoad("libdl.so.2", assembly, search, out var dl) ? dl : 0);
            s_loaded = true;
        }
    }

    internal static string Find(string programFolder, string? variable)
    {
        var beside = Path.Combine(programFolder, FileName);
        if (File.Exists(beside)) return beside;
        for (var folder = new DirectoryInfo(programFolder); folder is not null; folder = folder.Parent)
            if (Path.Combine(folder.FullName, "native", Platform, FileName) is var built && File.Exists(built)) return built;
        if (File.Exists(variable)) return variable;
        throw new LockstepException(ErrorKind.Failed,
            $"Kafka's client library ({FileName} for {Platform}) is missing. Run  build/fetch-librdkafka  in the repository"
            + $"{(string.IsNullOrEmpty(variable) ? $", or set {Variable} to its path" : $"; {Variable} is set, but there is no library at '{variable}'")}.");
    }
}
