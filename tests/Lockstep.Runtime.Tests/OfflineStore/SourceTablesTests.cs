using System.Text;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.OfflineStore;

namespace Lockstep.Runtime.Tests.OfflineStore;

public sealed class SourceTablesTests : IDisposable
{
    readonly TempFolder _folder = new();
    readonly FixedClock _clock = new(DateTimeOffset.UtcNow.AddHours(1)); // files are older than the look, so their stamps are trusted
    readonly SourceTables _tables;

    public SourceTablesTests() => _tables = new(_folder.Path, new(_folder.At("data/offline"), null!, _clock), _clock);

    public void Dispose() => _folder.Dispose();

    static Source Csv(string path, TableFormat format = TableFormat.Csv)
        => new() { Name = "s", Table = new() { Path = path, Format = format, Timestamp = "at" } };

    TableLook Look(Source source, TableState? since) => _tables.Look(source, since, CancellationToken.None);

    [Fact]
    public void A_single_file_comes_with_its_size_and_time()
    {
        var path = _folder.Write("data/a.csv", "at\n");
        File.SetLastWriteTimeUtc(path, new DateTime(2026, 11, 1, 12, 0, 0, DateTimeKind.Utc));

        var input = _tables.Source(Csv("data/a.csv"));

        var file = Assert.Single(input.Files);
        Assert.Equal((path, 3L, 1_793_534_400_000_000L), (file.Path, file.Size, file.Modified));
        Assert.Equal("source 's'", input.Name);
    }

    [Fact]
    public void A_link_has_the_size_of_what_it_leads_to()
    {
        var path = _folder.Write("a.csv", "at,x,y\n");
        File.CreateSymbolicLink(_folder.At("b.csv"), path);

        Assert.Equal([7L, 7L], _tables.Source(Csv("*.csv")).Files.Select(f => f.Size));
    }

    [Theory]
    [InlineData("data/flihgts/*.parquet", "no file matches 'data/flihgts/*.parquet'. There is no 'data/flihgts'. Did you mean 'data/flights'?")]
    [InlineData("data/flights/*.parquet", "no file matches 'data/flights/*.parquet'. 'data/flights' holds a.csv, b.csv.")]
    [InlineData("data/flights/c.csv", "no file is at 'data/flights/c.csv'. There is no 'data/flights/c.csv'. Did you mean 'data/flights/a.csv'?")]
    [InlineData("data/flights", "'data/flights' is a folder. Write 'data/flights/*.csv'")]
    [InlineData("data/empty/*", "no file matches 'data/empty/*'. 'data/empty' holds nothing.")]
    public void Where_nothing_is_found_the_message_says_what_is_near(string path, string expected)
    {
        _folder.Write("data/flights/a.csv", "");
        _folder.Write("data/flights/b.csv", "");
        Directory.CreateDirectory(_folder.At("data/empty"));

        var error = Assert.Throws<LockstepException>(() => _tables.Source(Csv(path)));

        Assert.Equal(ErrorKind.NotFound, error.Kind);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_pattern_over_the_files_of_a_delta_table_is_refused()
    {
        _folder.Write("data/t/_delta_log/00000000000000000000.json", "");
        _folder.Write("data/t/day=1/a.parquet", "");

        var error = Assert.Throws<LockstepException>(() => _tables.Source(Csv("data/**/*.parquet", TableFormat.Parquet)));

        Assert.Contains("Write path: data/t with format: delta", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void S7_the_first_look_takes_everything()
    {
        _folder.Write("a.csv", "1");

        var look = Look(Csv("*.csv"), null);

        Assert.True(look.Change.Whole);
        Assert.Single(look.Change.Added);
    }

    [Fact]
    public void S7_added_changed_and_removed_files_are_told_apart()
    {
        _folder.Write("kept.csv", "1");
        _folder.Write("changed.csv", "1");
        _folder.Write("removed.csv", "1");
        var state = TableState.Parse(Look(Csv("*.csv"), null).State.ToJson());

        _folder.Write("added.csv", "1");
        _folder.Write("changed.csv", "22");
        File.Delete(_folder.At("removed.csv"));
        var change = Look(Csv("*.csv"), state).Change;

        Assert.Equal([_folder.At("added.csv")], change.Added.Select(f => f.Path));
        Assert.Equal([_folder.At("changed.csv")], change.Changed.Select(f => f.Path));
        Assert.Equal([_folder.At("removed.csv")], change.Removed.Select(f => f.Path));
        Assert.Equal((false, false), (change.Whole, change.OnlyAdded));
    }

    [Fact]
    public void S7_nothing_touched_is_no_change()
    {
        _folder.Write("a.csv", "1");
        var state = Look(Csv("*.csv"), null).State;

        Assert.True(Look(Csv("*.csv"), state).Change.IsEmpty);
    }

    [Theory]
    [InlineData(10, 5)]
    [InlineData(FileFingerprint.WholeLimit, 3_000_000)]
    [InlineData(FileFingerprint.WholeLimit + 1, 3_000_001)]
    [InlineData(20_000_000, 19_999_999)]
    public void S7_a_file_rewritten_with_its_size_and_time_kept_has_changed(int size, int at)
    {
        if (!OperatingSystem.IsLinux()) Assert.Skip("Only Linux tells when a file was changed beside its own times.");
        var path = _folder.Write("a.csv", new string('x', size));
        var time = File.GetLastWriteTimeUtc(path);
        var state = Look(Csv("a.csv"), null).State;

        var text = new StringBuilder(new string('x', size)) { [at] = 'y' }.ToString();
        File.WriteAllText(path, text);
        File.SetLastWriteTimeUtc(path, time);

        Assert.Single(Look(Csv("a.csv"), state).Change.Changed);
    }

    [Fact]
    public void S7_a_file_rewritten_in_the_tick_of_the_look_has_changed()
    {
        _clock.Now = DateTimeOffset.UtcNow; // the stamps could be of the same tick as a later write: they prove nothing
        var path = _folder.Write("a.csv", "1");
        var state = Look(Csv("a.csv"), null).State;
        var stamped = FileStamp.Of(path);
        File.WriteAllText(path, "2");
        File.SetLastWriteTimeUtc(path, File.GetLastWriteTimeUtc(path));
        var now = FileStamp.Of(path);
        state = state with { Files = [state.Files[0] with { Modified = now.Modified, Changed = now.Changed }] };

        Assert.Equal(stamped.Size, now.Size);
        Assert.Single(Look(Csv("a.csv"), state).Change.Changed);
    }

    [Fact]
    public void S7_a_file_written_again_with_the_same_bytes_has_not_changed()
    {
        _folder.Write("a.csv", "1");
        var state = Look(Csv("*.csv"), null).State;
        File.Delete(_folder.At("a.csv"));
        _folder.Write("a.csv", "1");

        Assert.True(Look(Csv("*.csv"), state).Change.IsEmpty);
    }

    [Fact]
    public void S7_a_moved_project_has_not_changed()
    {
        _folder.Write("a/data/x.csv", "1");
        var before = new SourceTables(_folder.At("a"), new(_folder.At("a/o"), null!, _clock), _clock).Look(Csv("data/*.csv"), null, CancellationToken.None);
        Directory.Move(_folder.At("a"), _folder.At("b"));

        var after = new SourceTables(_folder.At("b"), new(_folder.At("b/o"), null!, _clock), _clock).Look(Csv("data/*.csv"), before.State, CancellationToken.None);

        Assert.True(after.Change.IsEmpty);
    }

    [Fact]
    public void S19_a_recorded_state_is_read_again_while_its_files_are_the_same()
    {
        _folder.Write("a.csv", "1");
        var state = Look(Csv("*.csv"), null).State;
        _folder.Write("b.csv", "1");

        Assert.Equal([_folder.At("a.csv")], _tables.Reopen(Csv("*.csv"), state, CancellationToken.None).Files.Select(f => f.Path));

        _folder.Write("a.csv", "2");
        var changed = Assert.Throws<LockstepException>(() => _tables.Reopen(Csv("*.csv"), state, CancellationToken.None));
        Assert.Equal((ErrorKind.Conflict, true), (changed.Kind, changed.Message.Contains("'a.csv' holds other bytes", StringComparison.Ordinal)));

        File.Delete(_folder.At("a.csv"));
        var gone = Assert.Throws<LockstepException>(() => _tables.Reopen(Csv("*.csv"), state, CancellationToken.None));
        Assert.Equal((ErrorKind.NotFound, true), (gone.Kind, gone.Message.Contains("'a.csv' was read then and is gone", StringComparison.Ordinal)));
    }

    [Fact]
    public void A_state_comes_back_from_its_text()
    {
        _folder.Write("ä \"b\".csv", "1");
        var state = Look(Csv("*.csv"), null).State;

        Assert.Equal(state, TableState.Parse(state.ToJson()));
        Assert.Throws<LockstepException>(() => TableState.Parse("{"));
    }
}
