using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Lockstep.Core.Definitions.Yaml;

/// <summary>
/// Turns YAML text into nodes with places. It uses the parser's events only, so no tag can make an object; depth and size are
/// limited while reading, with aliases counted as if they were written out, so that no small file becomes a large tree.
/// A mistake in the syntax ends its file; the documents before it are still returned.
/// </summary>
internal sealed class YamlTree
{
    /// <summary>Characters of one file.</summary>
    public const int MaxFileLength = 4 << 20;

    /// <summary>Lists and mappings inside one another.</summary>
    public const int MaxDepth = 16;

    /// <summary>Values of one document, aliases written out.</summary>
    public const int MaxNodes = 500_000;

    readonly string _file;
    readonly Parser _parser;
    readonly ProblemList _problems;
    readonly Dictionary<string, YamlNode?> _anchors = new(StringComparer.Ordinal); // null: still open, an alias to it is a cycle
    int _nodes;

    YamlTree(string file, string text, ProblemList problems)
        => (_file, _parser, _problems) = (file, new Parser(new StringReader(text.StartsWith('\uFEFF') ? text[1..] : text)), problems);

    public static IReadOnlyList<YamlNode> Read(string file, string text, ProblemList problems)
    {
        if (text.Length > MaxFileLength)
        {
            problems.Error(new(file, 1, 1), $"The file has {text.Length} characters; the limit (MaxFileLength) is {MaxFileLength}. Split it into several files.");
            return [];
        }
        List<YamlNode> documents = [];
        try
        {
            new YamlTree(file, text, problems).Documents(documents);
        }
        catch (RefusedException refused)
        {
            problems.Error(refused.Location, refused.Message);
        }
        catch (YamlException broken)
        {
            problems.Error(new(file, (int)Math.Max(1, broken.Start.Line), (int)Math.Max(1, broken.Start.Column)), $"This is not YAML: {Reason(broken)}");
        }
        return documents;
    }

    static string Reason(YamlException broken)
    {
        var reason = (broken.InnerException ?? broken).Message.Trim();
        return reason.EndsWith('.') ? reason : reason + ".";
    }

    void Documents(List<YamlNode> documents)
    {
        while (MoveNext())
        {
            if (_parser.Current is not DocumentStart) continue;
            _anchors.Clear();
            _nodes = 0;
            Next();
            documents.Add(Node(0));
        }
    }

    // On some broken texts YamlDotNet 16.3 throws what its data structures throw ("Stack empty") instead of its own exception.
    bool MoveNext()
    {
        var last = _parser.Current;
        try
        {
            return _parser.MoveNext();
        }
        catch (Exception broken) when (broken is InvalidOperationException or ArgumentException or IndexOutOfRangeException or NullReferenceException or FormatException or OverflowException)
        {
            throw new RefusedException(
                last is null ? new(_file, 1, 1) : new(_file, (int)Math.Max(1, last.End.Line), (int)Math.Max(1, last.End.Column)),
                "This is not YAML: what follows here cannot be read. Look for a bracket or quote that is not closed, and for wrong indentation.");
        }
    }

    ParsingEvent Next() => MoveNext() && _parser.Current is { } current ? current : throw new RefusedException(new(_file, 1, 1), "The file ends within a value.");

    // The event of the node has been read; returns after the last event of the node.
    YamlNode Node(int depth)
    {
        var current = _parser.Current!;
        var location = At(current);
        if (depth > MaxDepth) throw new RefusedException(location, $"Values are nested more than {MaxDepth} deep (MaxDepth).");
        if (current is AnchorAlias alias) return Alias(alias.Value.Value, location);
        // YamlDotNet gives a mapping that ends behind a key without a value, as in "{ : }".
        if (current is not NodeEvent start) throw new RefusedException(location, "A key or value is missing here. Look for a ':' or '?' too many.");
        if (!start.Tag.IsEmpty && !(start is Scalar { Tag.IsNonSpecific: true }))
            throw new RefusedException(location, $"The tag '{start.Tag}' is not read. Write the value without it.");
        Count(1, location);
        var anchor = start.Anchor.IsEmpty ? null : start.Anchor.Value;
        if (anchor is not null) _anchors[anchor] = null;
        YamlNode node = start switch
        {
            Scalar scalar => Text(scalar, location),
            SequenceStart => List(location, depth),
            _ => Map(location, depth),
        };
        if (anchor is not null) _anchors[anchor] = node;
        return node;
    }

    // Half a character can be written with an escape, and could not be stored as UTF-8.
    static YamlScalar Text(Scalar scalar, Location location)
    {
        for (var i = 0; i < scalar.Value.Length; i++)
            if (char.IsSurrogate(scalar.Value[i]) && !(i + 1 < scalar.Value.Length && char.IsSurrogatePair(scalar.Value[i], scalar.Value[++i])))
                throw new RefusedException(location, "The text holds half of a surrogate pair, which is not a character.");
        return new(location, scalar.Value, scalar.Style == ScalarStyle.Plain);
    }

    YamlNode Alias(string name, Location location)
    {
        if (!_anchors.TryGetValue(name, out var node)) throw new RefusedException(location, $"There is no anchor '&{name}' before this alias.{NearestName.Hint(name, _anchors.Keys, "Anchors")}");
        if (node is null) throw new RefusedException(location, $"The alias '*{name}' stands within its own anchor.");
        Count(node.Size, location);
        return node;
    }

    void Count(int nodes, Location location)
    {
        _nodes += nodes; // a node holds at most MaxNodes, so this cannot overflow
        if (_nodes > MaxNodes) throw new RefusedException(location, $"The document holds more than {MaxNodes} values, aliases written out (MaxNodes).");
    }

    YamlList List(Location location, int depth)
    {
        var list = new YamlList(location);
        while (Next() is not SequenceEnd) list.Add(Node(depth + 1));
        return list;
    }

    YamlMap Map(Location location, int depth)
    {
        var map = new YamlMap(location);
        Dictionary<string, Location> seen = new(StringComparer.Ordinal);
        while (Next() is not MappingEnd)
        {
            var key = Node(depth + 1);
            Next();
            var value = Node(depth + 1);
            if (key is not YamlScalar name) _problems.Error(key.Location, $"A key must be a word, not {key.What}.");
            else if (name is { Plain: true, Text: "<<" }) _problems.Error(name.Location, "Merge keys ('<<') are not read. Write the keys out.");
            else if (!seen.TryAdd(name.Text, name.Location)) _problems.Error(name.Location, $"The key '{name.Text}' occurs twice, first in line {seen[name.Text].Line}.");
            else map.Add(name, value);
        }
        return map;
    }

    Location At(ParsingEvent e) => new(_file, (int)Math.Max(1, e.Start.Line), (int)Math.Max(1, e.Start.Column));

    sealed class RefusedException(Location location, string message) : Exception(message)
    {
        public Location Location { get; } = location;
    }
}
