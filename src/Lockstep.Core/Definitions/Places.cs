using Lockstep.Core.Definitions.Yaml;

namespace Lockstep.Core.Definitions;

/// <summary>Where the parts of a definition stand in its file, by path (<c>features.visib.column</c>, <c>features.0</c>); empty for C#.</summary>
internal sealed class Places
{
    const int Depth = 5;

    public static readonly Places None = new();

    readonly Dictionary<string, (Location Key, Location Value)> _places = new(StringComparer.Ordinal);

    public static Places Of(YamlMap map)
    {
        var places = new Places();
        places.Add("", map, Depth);
        return places;
    }

    /// <summary>The place of the value, or of the nearest part above it that is known.</summary>
    public Location? Value(string path) => Find(path)?.Value;

    /// <summary>The place of the key itself.</summary>
    public Location? Key(string path) => Find(path)?.Key;

    (Location Key, Location Value)? Find(string path)
    {
        while (path.Length > 0)
        {
            if (_places.TryGetValue(path, out var place)) return place;
            path = path[..Math.Max(0, path.LastIndexOf('.'))];
        }
        return null;
    }

    void Add(string prefix, YamlNode node, int depth)
    {
        if (depth == 0) return;
        if (node is YamlMap map)
            foreach (var (key, value) in map.Entries)
                Add(prefix + key.Text, key.Location, value, depth);
        else if (node is YamlList list)
            for (var i = 0; i < list.Items.Count; i++)
                Add(prefix + i.ToString(System.Globalization.CultureInfo.InvariantCulture), list.Items[i].Location, list.Items[i], depth);
    }

    void Add(string path, Location key, YamlNode value, int depth)
    {
        _places[path] = (key, value.Location);
        Add(path + ".", value, depth - 1);
    }
}
