using Lockstep.Core.Definitions.Yaml;

namespace Lockstep.Core.Definitions;

/// <summary>
/// What definitions can say and this version does not compute. It is read, checked and kept, and every use is an error here, so that
/// nothing is silently ignored. A version that computes one of these removes its line.
/// </summary>
internal static class NotYet
{
    public static void Check(Source source, ProblemList problems)
    {
        var what = $"Source '{source.Name}'";
        if (source.Table is { } table && table.Path.Contains("://", StringComparison.Ordinal)) Report(problems, source.At("table.path"), $"{what} is at '{StoreAddress.Redact(table.Path)}'. Tables outside of the local disk are not read");
    }

    static void Report(ProblemList problems, Location? location, string what) => problems.Error(location, $"{what} by this version.");
}
