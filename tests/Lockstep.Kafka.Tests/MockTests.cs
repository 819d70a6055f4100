using Confluent.Kafka;

namespace Lockstep.Kafka.Tests;

/// <summary>Where there is no broker: librdkafka's own imitation of a cluster. It knows no administration and keeps no more than the last messages.</summary>
public sealed class MockTests(ITestOutputHelper output)
{
    [Fact]
    public async Task S7_and_S13_events_of_the_client_s_mock_cluster_are_served_as_the_judge_says()
    {
        Broker.NeedLibrary();
        using var cluster = new ProducerBuilder<byte[], byte[]?>([new("test.mock.num.brokers", "1")]).SetLogHandler((_, _) => { }).Build();
        using var admin = new DependentAdminClientBuilder(cluster.Handle).Build();
        var broker = admin.GetMetadata(TimeSpan.FromSeconds(10)).Brokers[0];
        var servers = $"{broker.Host}:{broker.Port}";
        output.WriteLine($"This was librdkafka's mock cluster at {servers}, no real broker.");
        await using var project = await ShopProject.CreateAsync(servers, "clicks");
        using var producer = new Clicks(servers);
        var clicks = Click.Random(1, 2_000, 20);
        await producer.SendAsync("clicks", clicks.Take(1_000));
        await using (await project.StreamAsync(output.WriteLine))
        {
            await project.JudgeAsync(clicks[..1_000], 20);
            await producer.SendAsync("clicks", clicks.Skip(1_000));
            await project.JudgeAsync(clicks, 20);
        }
        project.JudgeLog(clicks);
        Assert.Equal(2_000, project.Positions().Values.Sum(p => p.Next));
    }
}
