namespace Lockstep.Core.Definitions.Yaml;

/// <summary>A piece of a YAML document with its place. Aliases point to the node itself, so a tree may share parts.</summary>
internal abstract class YamlNode(Location location)
{
    public Location Location { get; } = location;

    /// <summary>What it is, for "… is a list".</summary>
    public abstract string What { get; }

    /// <summary>Nodes below and including this one with every alias expanded.</summary>
    public int Size { get; protected set; } = 1;
}

internal sealed class YamlScalar(Location location, string text, bool plain) : YamlNode(location)
{
    public string Text { get; } = text;

    /// <summary>Written without quotes, so that <c>null</c> and <c>~</c> mean nothing at all.</summary>
    public bool Plain { get; } = plain;

    public bool IsNull => Plain && Text is "" or "~" or "null" or "Null" or "NULL";
    public override string What => IsNull ? "empty" : $"'{(Text.Length > 100 ? Text[..100] + "…" : Text)}'";
}

internal sealed class YamlList(Location location) : YamlNode(location)
{
    readonly List<YamlNode> _items = [];

    public IReadOnlyList<YamlNode> Items => _items;
    public override string What => "a list";

    public void Add(YamlNode item)
    {
        _items.Add(item);
        Size += item.Size;
    }
}

internal sealed class YamlMap(Location location) : YamlNode(location)
{
    readonly List<(YamlScalar Key, YamlNode Value)> _entries = [];

    public IReadOnlyList<(YamlScalar Key, YamlNode Value)> Entries => _entries;
    public override string What => "a mapping";

    public void Add(YamlScalar key, YamlNode value)
    {
        _entries.Add((key, value));
        Size += 1 + value.Size;
    }

    public YamlNode? Find(string key)
    {
        foreach (var (name, value) in _entries)
            if (name.Text == key) return value;
        return null;
    }
}
