using System.Buffers;
using System.Text;
using System.Text.Json;
using Lockstep.Compliance.OnlineStore;
using Lockstep.Core.Definitions;
using Lockstep.Core.Rows;
using Lockstep.Runtime.OnlineStore;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.Serving.Json;

namespace Lockstep.Runtime.Tests.Serving;

/// <summary>Views, rows and a server over them, made by hand.</summary>
sealed class ServingWorld
{
    public static readonly DateTimeOffset Start = new(2026, 11, 1, 12, 0, 0, TimeSpan.Zero);

    readonly List<ViewVersion> _views = [];
    readonly List<FeatureService> _services = [];
    long _number;

    public ServingWorld(ServerSettings? settings = null)
    {
        Store = new MemoryOnlineStore(Clock);
        Server = new(Store, Clock, settings ?? new());
    }

    public ManualClock Clock { get; } = new(Start);
    public IOnlineStore Store { get; }
    public FeatureServer Server { get; }
    public long Now => Instant.Now(Clock);

    public static Field F(string name, string type) => new(name, FeatureType.Parse(type));

    public ViewVersion View(string name, Field[] keys, Field[] features, long ttl = 0, string version = "1.0.0", bool online = true, Value[]? defaults = null)
    {
        Assert.True(SemanticVersion.TryParse(version, out var number));
        ViewVersion view = new()
        {
            View = new ValueView { Name = name, Version = number, Entities = ["e"], Source = "s", Ttl = ttl, Online = online, Features = [.. features.Select(f => new ValueFeature { Name = f.Name, Column = f.Name, Type = f.Type })] },
            Fingerprint = $"{name}@{version}",
            Keys = new(keys),
            Features = new(features),
            Defaults = defaults ?? [.. features.Select(_ => Value.Null)],
        };
        _views.Add(view);
        Apply();
        return view;
    }

    public ViewVersion View(ViewVersion view)
    {
        _views.Add(view);
        Apply();
        return view;
    }

    public void Service(string name, int version, params FeatureSelection[] features)
    {
        _services.Add(new() { Name = name, Version = version, Features = features });
        Apply();
    }

    public static FeatureSelection Selection(string text) => FeatureSelection.TryParse(text, out var selection) ? selection : throw new FormatException(text);

    void Apply() => Server.Replace(new(++_number, [], [], _views, _services));

    /// <summary>Replaces what the store has of a key; rows from the newest to the oldest.</summary>
    public void Put(ViewVersion view, Value[] key, params (long Time, Value[] Row)[] rows)
    {
        ArrayBufferWriter<byte> bytes = new(), cell = new();
        Assert.True(EntityKey.TryWrite(key, bytes));
        ValueCellWriter cells = new();
        cells.Begin(1);
        RowWriter writer = new(new(view.Features));
        foreach (var (time, row) in rows) cells.AddRow(time, null, writer.Write(row));
        cells.Write(cell);
        PutBytes(view.Id, bytes.WrittenSpan, cell.WrittenSpan);
    }

    public void PutBytes(string table, ReadOnlySpan<byte> key, ReadOnlySpan<byte> cell)
    {
        CellUpdates updates = new();
        updates.Add(key, cell);
        Assert.True(Store.WriteAsync(table, updates, new TakeUpdate(), Fence.None, CancellationToken.None).AsTask().GetAwaiter().GetResult());
    }

    public string Post(string body)
    {
        var request = Server.Rent();
        try
        {
            OnlineRequestJson.Read(Encoding.UTF8.GetBytes(body), Server.Current, request, Server.Settings.MaxEntities, Now);
            request.ReadAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult();
            return Encoding.UTF8.GetString(OnlineResponseJson.ToArray(request));
        }
        finally
        {
            Server.Return(request);
        }
    }

    /// <summary>Value, status and event timestamp of one feature of one row, as JSON texts.</summary>
    public (string Value, string Status, string Time) Cell(string body, int row = 0, int column = 0)
    {
        using var answer = JsonDocument.Parse(Post(body));
        var cells = answer.RootElement.GetProperty("rows")[row];
        return (cells.GetProperty("values")[column].GetRawText(), cells.GetProperty("statuses")[column].GetString()!, cells.GetProperty("event_timestamps")[column].GetRawText());
    }

    public string Fails(string body) => Assert.ThrowsAny<Lockstep.Core.LockstepException>(() => Post(body)).Message;
}
