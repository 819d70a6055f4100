using System.Text;
using Lockstep.Compliance;
using Lockstep.Core.Rows;
using Lockstep.Runtime.Streaming;
using Lockstep.Runtime.Streaming.Log;
using Lockstep.Server;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace Lockstep.Kafka.Tests;

/// <summary>A topic read in this process, from a real broker.</summary>
public sealed class TopicTests(SharedBroker shared) : IClassFixture<SharedBroker>
{
    static string NewTopic() => $"t{Guid.NewGuid():N}";

    [Fact]
    public async Task S7_and_S13_events_of_a_topic_are_served_as_the_judge_says()
    {
        var broker = await shared.GetAsync();
        var topic = NewTopic();
        await broker.CreateAsync(topic);
        await using var project = await ShopProject.CreateAsync(broker.Servers, topic);
        using var producer = new Clicks(broker.Servers);
        var clicks = Click.Random(1, 3_000, 40);
        await producer.SendAsync(topic, clicks.Take(1_000));
        await using (await project.StreamAsync())
        {
            await producer.SendAsync(topic, clicks.Skip(1_000).Take(1_000));
            await project.JudgeAsync(clicks[..2_000], 40);
        }
        await producer.SendAsync(topic, clicks.Skip(2_000));
        await using (var streams = await project.StreamAsync())
        {
            await project.JudgeAsync(clicks, 40);
            Assert.Equal([true, false], new uint[] { 3, 4 }.Select(n => streams.Find("clicks").Reader!.Owns(LogPartitions.FirstKafka + n)));
        }
        project.JudgeLog(clicks);
        Assert.Equal(3_000, project.Positions().Values.Sum(p => p.Next));
        // For tools that show lag.
        var group = new TopicClient(project.Log.Source, project.Log, new() { Project = "shop", Properties = project.Host.Settings.Kafka }).Group;
        Assert.Matches("^lockstep\\.shop\\.clicks\\.[0-9a-f]{12}$", group);
        var committed = (await broker.Admin.ListConsumerGroupOffsetsAsync([new(group, null)]))[0].Partitions;
        Assert.Equal(3_000, committed.Sum(c => c.Offset.Value));
    }

    [Fact]
    public async Task What_is_no_event_is_refused_with_its_place_and_the_others_go_on()
    {
        var broker = await shared.GetAsync();
        var topic = NewTopic();
        await broker.CreateAsync(topic, 1);
        await using var project = await ShopProject.CreateAsync(broker.Servers, topic);
        using var producer = new Clicks(broker.Servers);
        var clicks = Click.Random(2, 6, 3);
        byte[]?[] bad = [null, "not json"u8.ToArray(), [], [0xFF, 0xFE], Encoding.UTF8.GetBytes($"{{\"user_id\":1,\"page\":\"{new string('x', 500_000)}\"}}"), "{\"user_id\":1,\"page\":\"no time\"}"u8.ToArray()];
        for (var i = 0; i < bad.Length; i++)
        {
            await producer.SendAsync(topic, bad[i]);
            await producer.SendAsync(topic, clicks[i].Json);
        }
        await using var streams = await project.StreamAsync();
        await project.JudgeAsync(clicks, 3); // the last message is among them
        var feed = streams.Find("clicks");
        await streams.DisposeAsync();
        Assert.Equal((6L, 6L), (feed.Counters.Accepted, feed.Counters.Refused));
        await using var writer = feed.Log.TryOpenWriter(LogPartitions.FirstKafka, CancellationToken.None);
        await writer!.FlushAsync(CancellationToken.None);
        using var reader = project.Host.Engine.Scan(new() { Table = feed.Log.Refused.Snapshot(CancellationToken.None).Input("refused"), Columns = [new("reason", new("reason", FeatureType.String)), new("origin", new("origin", FeatureType.String))] }, CancellationToken.None);
        var batch = new ColumnBatch(reader.Schema);
        List<(string Reason, string Origin)> refused = [];
        while (reader.Read(batch, CancellationToken.None)) refused.AddRange(Enumerable.Range(0, batch.Count).Select(i => (batch[0].GetValue(i).AsString, batch[1].GetValue(i).AsString)));
        Assert.Equal([.. Enumerable.Range(0, 6).Select(i => $"topic {topic}, partition 0, offset {2 * i}")], refused.Select(r => r.Origin));
        Assert.Equal([1L, 3, 5, 7, 9, 11], feed.Log.Look(CancellationToken.None).Read(LogPartitions.FirstKafka, -1, 100, CancellationToken.None).SelectMany(b => Enumerable.Range(0, b.Rows.Count).Select(b.PlaceOf))); // places are offsets
        Assert.Equal("there is no value: a deletion mark (tombstone) is no event", refused[0].Reason);
        Assert.StartsWith("not JSON: ", refused[1].Reason, StringComparison.Ordinal);
        Assert.Equal("the event has 500023 bytes; the limit is 2000 (max_event_bytes)", refused[4].Reason);
        Assert.Equal("there is no 'at': an event needs its timestamp", refused[5].Reason);
    }

    [Theory]
    [InlineData(null)]
    [InlineData(1001)]
    public async Task S7_and_S13_avro_messages_bare_and_with_a_schema_s_id_are_served_as_the_judge_says(int? id)
    {
        var broker = await shared.GetAsync();
        var topic = NewTopic();
        await broker.CreateAsync(topic, 1);
        await using var project = await ShopProject.CreateAsync(broker.Servers, topic, id is null ? $", format: avro, schema: {Click.AvroSchema}" : $", format: avro, schemas: {{ {id}: {Click.AvroSchema} }}");
        using var producer = new Clicks(broker.Servers);
        var clicks = Click.Random(6, 100, 5);
        await producer.SendAsync(topic, "no Avro"u8.ToArray());
        foreach (var click in clicks) await producer.SendAsync(topic, click.Avro(id));
        await using var streams = await project.StreamAsync();
        await project.JudgeAsync(clicks, 5); // the last message is among them
        var counters = streams.Find("clicks").Counters;
        await streams.DisposeAsync();
        Assert.Equal((100L, 1L), (counters.Accepted, counters.Refused));
    }

    [Fact]
    public async Task Servers_that_nobody_answers_at_are_named_by_health_and_the_server_serves()
    {
        Broker.NeedLibrary();
        await using var project = await ShopProject.CreateAsync("127.0.0.1:1", "clicks");
        await using var server = LockstepServer.Build(project.Host.ServerParts(new()), builder =>
        {
            builder.WebHost.UseUrls("http://127.0.0.1:0");
            builder.Logging.SetMinimumLevel(LogLevel.Critical);
        });
        await server.StartAsync();
        using HttpClient http = new() { BaseAddress = new(server.Urls.First()) };
        var text = await Poll.UntilAsync("a problem of a stream", async () => await (await http.GetAsync("/health/ready")).Content.ReadAsStringAsync(), t => t.Contains("streams", StringComparison.Ordinal));
        Assert.StartsWith("{\"status\":\"ready\",\"streams\":[{\"source\":\"clicks\",\"problem\":\"No broker of 127.0.0.1:1 answers: ", text, StringComparison.Ordinal);
        await server.StopAsync();
    }

    [Fact]
    public async Task A_topic_that_is_not_there_is_waited_for()
    {
        var broker = await shared.GetAsync();
        var topic = NewTopic();
        await using var project = await ShopProject.CreateAsync(broker.Servers, topic);
        Lines told = new();
        await using var streams = await project.StreamAsync(told.Add);
        Assert.Equal($"There is no topic '{topic}' at {broker.Servers}. Create it, or change 'topic' of source 'clicks'; it is looked for again.", await told.HearAsync("There is no topic"));
        Assert.Contains("lockstep_stream_reading{source=\"clicks\"} 0\n", StreamMetrics.Text(streams, TimeProvider.System), StringComparison.Ordinal);
        await broker.CreateAsync(topic);
        using var producer = new Clicks(broker.Servers);
        var clicks = Click.Random(3, 50, 5);
        await producer.SendAsync(topic, clicks);
        await project.JudgeAsync(clicks, 5);
        await told.HearAsync("events are read again.");
        // How far behind it is the reader reports once a second, and tells nobody.
        var text = await Poll.UntilAsync("a reader that is not behind", () => StreamMetrics.Text(streams, TimeProvider.System), t => t.Contains($"lockstep_stream_behind{{source=\"clicks\",part=\"{topic}/0\"}} 0\n", StringComparison.Ordinal));
        Assert.Contains("lockstep_stream_reading{source=\"clicks\"} 1\n", text, StringComparison.Ordinal);
    }
}
