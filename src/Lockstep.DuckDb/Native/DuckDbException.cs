namespace Lockstep.DuckDb.Native;

/// <summary>What DuckDB says went wrong. The engine puts the file or view in front of it before it leaves this project.</summary>
internal sealed class DuckDbException(ErrorType type, string message) : Exception(message)
{
    public ErrorType Type { get; } = type;
    public bool IsInterrupt => Type == ErrorType.Interrupt || Message.StartsWith("INTERRUPT", StringComparison.Ordinal);
}
