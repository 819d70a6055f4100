using System.Globalization;

namespace Lockstep.Core.Definitions;

/// <summary>A version of a view, <c>major.minor.patch</c>.</summary>
public readonly record struct SemanticVersion(int Major, int Minor, int Patch) : IComparable<SemanticVersion>
{
    public static readonly SemanticVersion Default = new(1, 0, 0);

    public static bool TryParse(string? text, out SemanticVersion version)
    {
        version = default;
        var parts = (text ?? "").Split('.');
        if (parts.Length is < 1 or > 3) return false;
        Span<int> numbers = stackalloc int[3];
        for (var i = 0; i < parts.Length; i++)
            if (!int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i])) return false;
        version = new(numbers[0], numbers[1], numbers[2]);
        return true;
    }

    public int CompareTo(SemanticVersion other) => (Major, Minor, Patch).CompareTo((other.Major, other.Minor, other.Patch));
    public static bool operator <(SemanticVersion left, SemanticVersion right) => left.CompareTo(right) < 0;
    public static bool operator >(SemanticVersion left, SemanticVersion right) => left.CompareTo(right) > 0;
    public static bool operator <=(SemanticVersion left, SemanticVersion right) => left.CompareTo(right) <= 0;
    public static bool operator >=(SemanticVersion left, SemanticVersion right) => left.CompareTo(right) >= 0;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Major}.{Minor}.{Patch}");
}

/// <summary>What a reference asks for: nothing (the newest), <c>1</c> or <c>1.2</c> (the newest of these), or <c>1.2.0</c> exactly.</summary>
public readonly record struct VersionSelector(int? Major, int? Minor, int? Patch)
{
    public static readonly VersionSelector Newest;

    public static bool TryParse(string? text, out VersionSelector selector)
    {
        selector = default;
        if (!SemanticVersion.TryParse(text, out var version)) return false;
        var parts = text!.Split('.').Length;
        selector = new(version.Major, parts > 1 ? version.Minor : null, parts > 2 ? version.Patch : null);
        return true;
    }

    public bool IsExact => Patch is not null;

    public bool Matches(SemanticVersion version)
        => (Major ?? version.Major) == version.Major && (Minor ?? version.Minor) == version.Minor && (Patch ?? version.Patch) == version.Patch;

    /// <summary><c>@1.2</c>, or nothing for the newest.</summary>
    public override string ToString() => Major is null ? "" : Minor is null ? $"@{Major}" : Patch is null ? $"@{Major}.{Minor}" : $"@{Major}.{Minor}.{Patch}";
}
