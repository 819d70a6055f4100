namespace Lockstep.Core.Definitions;

/// <summary>What a name may look like. Two underscores join a view and a feature in a full name, so no name may hold or end in them.</summary>
public static class Names
{
    public const int MaxLength = 128;

    public const string Pattern = "^[A-Za-z_](_?[A-Za-z0-9])*$";

    /// <summary>Columns that every answer has beside the features.</summary>
    internal static readonly string[] Reserved = ["event_timestamp"];

    /// <summary>Null for a good name; else what is wrong with it.</summary>
    public static string? Mistake(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        if (name.Length == 0) return "it is empty";
        if (name.Length > MaxLength) return $"it has {name.Length} characters; the limit is {MaxLength}";
        foreach (var c in name)
            if (!char.IsAsciiLetterOrDigit(c) && c != '_') return $"'{c}' is not a letter (a-z, A-Z), digit or underscore";
        if (char.IsAsciiDigit(name[0])) return "it begins with a digit";
        if (name.Contains("__", StringComparison.Ordinal)) return "'__' joins view and feature in full names";
        return name[^1] == '_' ? "it ends with an underscore" : null;
    }
}
