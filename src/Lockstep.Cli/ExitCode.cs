using Lockstep.Core;

namespace Lockstep.Cli;

/// <summary>What a verb ends with. 1 to 6 are <see cref="ErrorKind"/>.</summary>
internal static class ExitCode
{
    public const int Done = 0;
    public const int Failed = (int)ErrorKind.Failed;
    public const int BadArguments = (int)ErrorKind.BadArguments;
    public const int DefinitionsInvalid = (int)ErrorKind.DefinitionsInvalid;
    public const int NotFound = (int)ErrorKind.NotFound;
    public const int Conflict = (int)ErrorKind.Conflict;

    /// <summary>Stopped by Ctrl-C: what shells expect of an interrupted program.</summary>
    public const int Interrupted = 130;

    public static readonly IReadOnlyList<(int Code, string Meaning)> All =
    [
        (Done, "done"),
        (Failed, "failed"),
        (BadArguments, "bad arguments"),
        (DefinitionsInvalid, "definitions invalid"),
        ((int)ErrorKind.ExpectationsFailed, "expectations failed"),
        (NotFound, "not found"),
        (Conflict, "conflict: a stale plan, or a changed meaning under an unchanged version"),
        (Interrupted, "stopped by Ctrl-C"),
    ];
}
