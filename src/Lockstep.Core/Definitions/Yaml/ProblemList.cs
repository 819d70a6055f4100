namespace Lockstep.Core.Definitions.Yaml;

/// <summary>Collects what is wrong; nothing is thrown, so that an author fixes a file once.</summary>
internal sealed class ProblemList
{
    readonly List<Problem> _problems = [];

    public int Errors { get; private set; }

    public void Error(Location? location, string message)
    {
        Errors++;
        _problems.Add(new(Severity.Error, location, message));
    }

    public void Warn(Location? location, string message) => _problems.Add(new(Severity.Warning, location, message));

    /// <summary>All of them, each once, by file (in the order of reading), line and column.</summary>
    public IReadOnlyList<Problem> InOrder(IReadOnlyList<string> files)
    {
        var rank = files.Distinct(StringComparer.Ordinal).Select((file, i) => (file, i)).ToDictionary(x => x.file, x => x.i, StringComparer.Ordinal);
        return [.. _problems.Distinct()
            .OrderBy(p => p.Location is null ? -1 : rank.GetValueOrDefault(p.Location.File, int.MaxValue))
            .ThenBy(p => p.Location?.Line ?? 0).ThenBy(p => p.Location?.Column ?? 0)];
    }
}
