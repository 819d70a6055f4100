using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.TrainingSets;

namespace Lockstep.Runtime.Tests.TrainingSets;

public sealed class ReadAheadTests
{
    static readonly RowProgram s_plain = RowProgram.Compile(new("numbers", [new("n", FeatureType.Int64)], []), [new(new("n", FeatureType.Int64), "n")]);

    [Theory, InlineData(0), InlineData(1), InlineData(2), InlineData(3), InlineData(50)]
    public void Every_batch_comes_once_in_order(int batches)
    {
        using var reader = new Numbers(batches, fails: false);
        using var ahead = new ReadAhead(reader, s_plain, CancellationToken.None);
        List<long> seen = [];
        while (ahead.Next(CancellationToken.None) is { } batch) seen.Add(((FixedColumn<long>)batch[0]).Values[0]);

        Assert.Equal(Enumerable.Range(0, batches).Select(i => (long)i), seen);
        Assert.Null(ahead.Next(CancellationToken.None));
    }

    // A failure that was taken for the end would be a table cut short.
    [Fact]
    public void A_failure_is_never_taken_for_the_end()
    {
        for (var batches = 0; batches < 300; batches++)
        {
            using var reader = new Numbers(batches % 6, fails: true);
            using var ahead = new ReadAhead(reader, s_plain, CancellationToken.None);
            Assert.Equal("torn", Assert.Throws<IOException>(() =>
            {
                while (ahead.Next(CancellationToken.None) is not null) { }
            }).Message);
        }
    }

    [Fact]
    public void Leaving_early_stops_the_reader()
    {
        using var reader = new Numbers(int.MaxValue, fails: false);
        using (var ahead = new ReadAhead(reader, s_plain, CancellationToken.None)) Assert.NotNull(ahead.Next(CancellationToken.None));
        var read = reader.Read();

        Assert.InRange(read, 1, 4); // no thread reads on
    }

    [Fact]
    public void A_cancelled_token_ends_the_wait()
    {
        using var reader = new Numbers(int.MaxValue, fails: false);
        using var stop = new CancellationTokenSource();
        using var ahead = new ReadAhead(reader, s_plain, stop.Token);
        ahead.Next(stop.Token);
        stop.Cancel();

        Assert.ThrowsAny<OperationCanceledException>(() =>
        {
            while (ahead.Next(stop.Token) is not null) { }
        });
    }

    sealed class Numbers(int batches, bool fails) : ScanReader
    {
        int _next;

        public override Schema Schema { get; } = new([new("n", FeatureType.Int64)]);
        public override IReadOnlyList<long> NonFinite => [0];

        public int Read() => _next;

        public override bool Read(ColumnBatch batch, CancellationToken token)
        {
            token.ThrowIfCancellationRequested();
            if (_next == batches) return fails ? throw new IOException("torn") : false;
            batch.Clear();
            ((FixedColumn<long>)batch[0]).Append(_next++);
            return true;
        }
    }
}
