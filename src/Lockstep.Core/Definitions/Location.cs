namespace Lockstep.Core.Definitions;

/// <summary>A place in a definition file; lines and columns from 1. C# definitions have no place.</summary>
public sealed record Location(string File, int Line, int Column)
{
    public override string ToString() => $"{File}:{Line}:{Column}";
}

public enum Severity { Warning, Error }

/// <summary>One thing that is wrong in a definition: where, what was found, what would be right. They are collected, never thrown one by one.</summary>
public sealed record Problem(Severity Severity, Location? Location, string Message)
{
    public override string ToString() => $"{(Location is null ? "" : $"{Location}: ")}{(Severity == Severity.Error ? "error" : "warning")}: {Message}";
}
