using System.Diagnostics;
using System.Globalization;
using Lockstep.Runtime.OnlineStore;

namespace Lockstep.Compliance.OnlineStore;

public abstract partial class OnlineStoreCompliance
{
    const int KeysOfAWrite = 500;
    const string Acknowledged = "acknowledged ";

    /// <summary>A program that opens the store of this test and runs <see cref="WriteUntilKilledAsync"/> over it; null: the store dies with its process.</summary>
    protected abstract ProcessStartInfo? Writer();

    [Fact]
    public async Task S7_killed_at_any_instant_all_that_was_acknowledged_is_there_and_nothing_half()
    {
        var random = new Random(3);
        var acknowledged = 0L;
        for (var round = 0; round < 6; round++)
        {
            var start = Writer();
            if (start is null) Assert.Skip("The store lives in this process only.");
            start.RedirectStandardOutput = true;
            start.UseShellExecute = false;
            using var process = Process.Start(start) ?? throw new InvalidOperationException("The writer did not start.");
            var writes = random.Next(3, 40);
            for (var i = 0; i < writes; i++)
            {
                var heard = await HearAsync(process);
                Assert.True(heard is not null, $"round {round}: the writer ended by itself after {acknowledged}");
                acknowledged = heard.Value;
            }
            await Task.Delay(random.Next(0, 8)); // to be killed somewhere within a write, where nothing is said: any instant will do
            process.Kill(); // SIGKILL
            await process.WaitForExitAsync();
            while (await HearAsync(process) is { } heard) acknowledged = heard;

            await using var store = await OpenStoreAsync(Clock);
            var last = Number(await ReadAsync(store, Bytes("last")));
            Assert.True(last == acknowledged || last == acknowledged + 1, $"round {round}: {acknowledged} was acknowledged, {last} is there");
            var cells = await ScanAsync(store);
            Assert.Equal(KeysOfAWrite + 1, cells.Count);
            Assert.All(cells, c => Assert.Equal(last, Number(c.Cell.AsMemory(0, 8))));
        }
    }

    static async Task<long?> HearAsync(Process process)
    {
        while (await process.StandardOutput.ReadLineAsync(None) is { } line)
            if (line.IndexOf(Acknowledged, StringComparison.Ordinal) is >= 0 and var at && long.TryParse(line.AsSpan(at + Acknowledged.Length), CultureInfo.InvariantCulture, out var number)) return number;
        return null;
    }

    /// <summary>Writes the number of the write under the same keys, over and over, and says each number that was acknowledged.</summary>
    public static async Task WriteUntilKilledAsync(IOnlineStore store)
    {
        ArgumentNullException.ThrowIfNull(store);
        for (var write = Number(await ReadAsync(store, Bytes("last"))) + 1; ; write++)
        {
            var updates = new CellUpdates();
            updates.Add(Bytes("last"), Number(write));
            for (var i = 0; i < KeysOfAWrite; i++) updates.Add(Bytes($"key {i}"), [.. Number(write), .. new byte[write % 300]]);
            if (!await store.WriteAsync(Table, updates, new TakeUpdate(), Fence.None, None)) throw new InvalidOperationException("refused");
            Console.Out.WriteLine(Acknowledged + write.ToString(CultureInfo.InvariantCulture));
            await Console.Out.FlushAsync();
        }
    }
}
