using System.Buffers;
using Lockstep.Core.Aggregation;
using Lockstep.Core.Rows;

namespace Lockstep.Compliance.Aggregation;

/// <summary>
/// The laws of an aggregate, tried on random events: any order, any cut into batches and parts, merged in any order and any nesting,
/// by bytes or by accumulators, gives the same bytes and the same value. Own aggregates call <see cref="Hold"/> from a test of theirs.
/// </summary>
public static class AggregateLaws
{
    /// <param name="bound">What is checked.</param>
    /// <param name="events">Values of the column (any value for a state over events as such) with their times; the same each call for a seed.</param>
    /// <param name="window">The window that is read, and its instant.</param>
    /// <param name="seed">Printed where a law does not hold.</param>
    /// <returns>The value that all ways gave.</returns>
    public static (Value Value, AggregateStatus Status) Hold(BoundAggregate bound, IReadOnlyList<(long Time, Value Value)> events, WindowBounds window, int seed)
    {
        ArgumentNullException.ThrowIfNull(bound);
        var random = new Random(seed);
        var whole = bound.Spec.Create();
        AddAll(whole, bound.Spec, [.. events], events.Count + 1);
        var bytes = Bytes(whole);
        var value = Read(bound.Output, whole, window);
        var what = $"{bound.Spec.Name}, seed {seed}";
        var reused = bound.Spec.Create();
        for (var round = 0; round < 6; round++)
        {
            var shuffled = events.ToArray();
            random.Shuffle(shuffled);
            reused.Clear();
            AddAll(reused, bound.Spec, shuffled, random.Next(1, 5));
            Same(bytes, Bytes(reused), $"{what}: another order and other batches");
            // Parts, some empty, merged pairwise at random: by bytes or by accumulators.
            var parts = new List<Accumulator>();
            for (var at = 0; at < shuffled.Length || parts.Count == 0;)
            {
                var size = random.Next(0, Math.Max(2, shuffled.Length / 2));
                var part = bound.Spec.Create();
                AddAll(part, bound.Spec, [.. shuffled.Skip(at).Take(size)], 3);
                parts.Add(part);
                at += size;
            }
            Run(bound.Spec, parts, bytes, what);
            while (parts.Count > 1)
            {
                var (from, to) = (random.Next(parts.Count), random.Next(parts.Count));
                if (from == to) continue;
                if (random.Next(2) == 0) parts[to].MergeFrom(parts[from]);
                else
                {
                    var state = Bytes(parts[from]);
                    byte[] longer = [.. state, 0xEE, 0xEE]; // what follows is not touched
                    Assert.True(state.Length == parts[to].Measure(longer), $"{what}: Measure says {parts[to].Measure(longer)} of {state.Length} bytes");
                    Assert.True(state.Length == parts[to].Merge(longer), $"{what}: Merge read another number of bytes than the {state.Length} that were written");
                }
                parts.RemoveAt(from);
            }
            Same(bytes, Bytes(parts[0]), $"{what}: parts merged at random");
            var again = Read(bound.Output, parts[0], window);
            Assert.True(value == again, $"{what}: {value} of the whole, {again} of merged parts");
            var copy = bound.Spec.Create();
            Assert.True(copy.Merge(bytes) == bytes.Length, $"{what}: the whole state read back");
            Same(bytes, Bytes(copy), $"{what}: written, read and written");
            if (!copy.CanSubtract || shuffled.Length == 0) continue;
            var (some, rest) = (bound.Spec.Create(), bound.Spec.Create());
            var cut = random.Next(shuffled.Length + 1);
            AddAll(some, bound.Spec, shuffled[..cut], 3);
            AddAll(rest, bound.Spec, shuffled[cut..], 3);
            Assert.True(copy.Subtract(Bytes(some)) == Bytes(some).Length, $"{what}: Subtract");
            Same(Bytes(rest), Bytes(copy), $"{what}: a part taken away");
        }
        for (var end = 0; end < bytes.Length; end++)
        {
            whole.Clear();
            Assert.True(IsRefused(whole, bytes.AsSpan(0, end)), $"{what}: the first {end} of {bytes.Length} bytes were taken for a state");
        }
        return value;
    }

    static bool IsRefused(Accumulator state, ReadOnlySpan<byte> bytes)
    {
        try
        {
            state.Merge(bytes);
            return false;
        }
        catch (RowFormatException)
        {
            return true;
        }
    }

    static void Run(AccumulatorSpec spec, List<Accumulator> parts, byte[] expected, string what)
    {
        byte[] run = [.. parts.SelectMany(Bytes)];
        var merged = spec.Create();
        Assert.True(merged.MergeRun([.. run, 0xEE], parts.Count) == run.Length, $"{what}: MergeRun read another number of bytes than were written");
        Same(expected, Bytes(merged), $"{what}: parts merged in one run");
    }

    static void AddAll(Accumulator to, AccumulatorSpec spec, (long Time, Value Value)[] events, int batch)
    {
        for (var at = 0; at < events.Length; at += batch)
        {
            var some = events[at..Math.Min(events.Length, at + batch)];
            var column = spec.Column is { } type ? Column.Create(type) : null;
            // Every second row is one that is not asked for.
            foreach (var one in some)
            {
                column?.Append(one.Value);
                column?.AppendNull();
            }
            to.Add(column, [.. some.SelectMany(e => new[] { e.Time, -1L })], [.. Enumerable.Range(0, some.Length).Select(i => 2 * i)]);
        }
    }

    public static (Value Value, AggregateStatus Status) Read(AggregateOutput output, Accumulator state, WindowBounds window)
    {
        ArgumentNullException.ThrowIfNull(output);
        var column = Column.Create(output.Type);
        var status = output.AppendTo(state, window, column);
        Assert.True(column.Count == 1, "AppendTo appends one row");
        return (column.GetValue(0), status);
    }

    public static byte[] Bytes(Accumulator state)
    {
        ArgumentNullException.ThrowIfNull(state);
        var to = new ArrayBufferWriter<byte>();
        state.Write(to);
        return to.WrittenSpan.ToArray();
    }

    static void Same(byte[] expected, byte[] found, string what)
        => Assert.True(expected.AsSpan().SequenceEqual(found), $"{what}: other bytes\n{Convert.ToHexString(expected)}\n{Convert.ToHexString(found)}");
}
