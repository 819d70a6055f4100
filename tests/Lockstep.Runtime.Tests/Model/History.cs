namespace Lockstep.Runtime.Tests.Model;

/// <summary>An event, or a row of the table; seconds since the history began.</summary>
internal sealed record Item(string Key, long Time, int Id);

/// <summary>What happens, one after the other. An action that takes several steps has others in its middle, and may die there.</summary>
internal abstract record Act;

/// <summary>A file of the table comes, or holds other rows from now on.</summary>
internal sealed record Put(string File, Item[] Rows) : Act;

internal sealed record Remove(string File) : Act;

internal sealed record Pass(long Seconds) : Act;

/// <summary>A server takes a push, logs and applies it. A caller that got no answer sends it again, with its key, maybe to another server.</summary>
internal sealed record Push(int Server, int Key, Item[] Events, int At, Act[] Within, PushEnd End) : Act;

/// <summary>What becomes of a push after the actions in its middle: it may also sleep until the next <see cref="CatchUp"/>.</summary>
internal enum PushEnd { Done, Dies, Sleeps }

/// <summary>A server applies what its partition holds, from the beginning on: as after a start.</summary>
internal sealed record CatchUp(int Server) : Act;

internal sealed record Run(int At, Act[] Within, bool Dies) : Act;

/// <summary>Random histories: few instants, and keys that come up one after the other, at the edges that rules speak of: grace, hops, midnights, what is ahead, what is late.</summary>
internal sealed class HistoryMaker(int seed)
{
    public const int Servers = 2;

    readonly Random _random = new(seed);
    readonly List<string> _files = [];
    readonly List<(int Key, Item[] Events)> _pushes = [];
    long _now = World.Start;
    int _ids, _keys = 1, _depth;

    public List<Act> Make(int length) => [new Put("f0", Rows()), new Run(0, [], false), .. Enumerable.Range(0, length).SelectMany(_ => _random.Next(12) == 0 ? Midnight() : [Next()])];

    // A day ends: the run that moves the end meets a server that makes the cell of a new key, of which late events come afterwards.
    Act[] Midnight()
    {
        var pass = World.Day - _now % World.Day + _random.Next(20);
        _now += pass;
        Put put = new("today", [new($"k{_keys - 1}", _now - _random.Next(10), ++_ids)]);
        if (!_files.Contains(put.File)) _files.Add(put.File);
        var key = $"k{_keys++}";
        Push Of(long time, PushEnd end)
        {
            _pushes.Add((_pushes.Count, [new(key, time, ++_ids)]));
            return new(_random.Next(Servers), _pushes.Count - 1, _pushes[^1].Events, _random.Next(2, 4), [], end);
        }
        return [new Pass(pass), put, new Run(_random.Next(1, 6), [Of(_now - _random.Next(60), PushEnd.Sleeps)], false), new CatchUp(0), Of(_now - _random.Next(60), PushEnd.Done)];
    }

    Act Next() => _random.Next(10) switch
    {
        0 or 1 => PutFile(),
        2 when _files.Count > 0 => new Remove(Drop()),
        3 or 4 or 5 => NewPush(),
        6 => new CatchUp(_random.Next(Servers)),
        7 or 8 when _depth < 2 => new Run(_random.Next(1, 12), Middle(), _random.Next(3) == 0),
        _ => Move(),
    };

    Act Move()
    {
        var by = _random.Next(6) switch { 0 => _random.NextInt64(World.Day), 1 => World.Day - _now % World.Day + _random.Next(-3, 3), 2 => World.Grace, _ => _random.Next(0, 40) };
        _now += Math.Max(0, by);
        return new Pass(Math.Max(0, by));
    }

    Act[] Middle()
    {
        _depth++;
        Act[] within = _random.Next(4) == 0 ? [PutFile(), new Run(0, [], false)] : _depth > 2 || _random.Next(3) == 0 ? [] : [.. Enumerable.Range(0, _random.Next(1, 4)).Select(_ => Next())];
        _depth--;
        return within;
    }

    Put PutFile()
    {
        var name = $"f{_random.Next(4)}";
        if (!_files.Contains(name)) _files.Add(name);
        return new(name, Rows());
    }

    string Drop()
    {
        var name = _files[_random.Next(_files.Count)];
        _files.Remove(name);
        return name;
    }

    Push NewPush()
    {
        (int Key, Item[] Events) push = _pushes.Count > 0 && _random.Next(4) == 0 ? _pushes[^1] : (_pushes.Count, [.. Enumerable.Range(0, _random.Next(1, 3)).Select(_ => Row(tooFar: false))]);
        if (push.Key == _pushes.Count) _pushes.Add(push);
        return new(_random.Next(Servers), push.Key, push.Events, _random.Next(1, 6), Middle(), (PushEnd)Math.Max(0, _random.Next(6) - 3));
    }

    Item[] Rows() => [.. Enumerable.Range(0, _random.Next(1, 4)).Select(_ => Row(tooFar: true))];

    Item Row(bool tooFar) => new($"k{(_random.Next(5) == 0 ? _keys++ : Math.Max(0, _keys - 1 - _random.Next(3)))}", _now + _random.Next(tooFar ? 9 : 8) switch
    {
        0 or 1 => _random.Next(-3, 4),
        2 => -World.Grace + _random.Next(-1, 2),
        3 => -_random.Next(70),
        4 => -_random.NextInt64(3 * World.Day),
        5 => World.Day - _now % World.Day - World.Day + _random.Next(-1, 2), // around the last midnight
        6 => -_random.Next(4_000),
        7 => _random.Next(1, (int)World.MaxFuture),
        _ => _random.Next((int)World.MaxFuture, 4 * (int)World.MaxFuture),
    }, ++_ids);
}
