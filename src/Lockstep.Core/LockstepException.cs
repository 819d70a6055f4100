using Lockstep.Core.Definitions;

namespace Lockstep.Core;

/// <summary>Why a verb ended without doing its job. The numbers are the exit codes of the command line; HTTP maps them to statuses.</summary>
public enum ErrorKind
{
    Failed = 1,
    BadArguments = 2,
    DefinitionsInvalid = 3,
    ExpectationsFailed = 4,
    NotFound = 5,
    Conflict = 6,
}

/// <summary>
/// Ends a verb with a message for people: what was found, where, and what would be right. Expected misses are values with a status,
/// not exceptions; anything else that is thrown is a bug of ours.
/// </summary>
public class LockstepException : Exception
{
    public LockstepException(ErrorKind kind, string message, Exception? inner = null) : base(message, inner) => Kind = kind;

    public LockstepException(ErrorKind kind, IReadOnlyList<Problem> problems)
        : base(string.Join(Environment.NewLine, problems)) => (Kind, Problems) = (kind, problems);

    public ErrorKind Kind { get; }

    /// <summary>All author mistakes of one pass, where there are any.</summary>
    public IReadOnlyList<Problem> Problems { get; } = [];
}
