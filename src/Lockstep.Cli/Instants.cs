using Lockstep.Core;
using Lockstep.Core.Rows;

namespace Lockstep.Cli;

/// <summary>Instants that a user types.</summary>
internal static class Instants
{
    /// <summary>Null for null.</summary>
    public static long? Parse(string? text) => text is null ? null : Instant.TryParse(text, out var micros)
        ? micros
        : throw new LockstepException(ErrorKind.BadArguments, $"'{text}' is no instant. Write it like 2013-01-03T12:00:00Z.");
}
