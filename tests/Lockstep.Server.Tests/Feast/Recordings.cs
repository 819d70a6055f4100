using System.Text;
using System.Text.Json;

namespace Lockstep.Server.Tests.Feast;

/// <summary>A request that was sent to a real Feast, and what it answered.</summary>
sealed record Recording(string Name, string Method, string Path, IReadOnlyDictionary<string, string> Headers, string? RequestBody, int Status, string Answer)
{
    /// <summary>What Feast answered over SQLite.</summary>
    public static readonly IReadOnlyList<Recording> All = ReadStore("sqlite");

    /// <summary>What it answered over Redis to the same requests.</summary>
    public static readonly IReadOnlyList<Recording> Redis = ReadStore("redis");

    // By line feeds alone: texts hold other characters that end lines.
    static IReadOnlyList<Recording> ReadStore(string store)
        => [.. File.ReadAllText(System.IO.Path.Combine(TestProject.Data("feast-http"), "http", store + ".jsonl")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Read)];

    static Recording Read(string line)
    {
        using var json = JsonDocument.Parse(line);
        var root = json.RootElement;
        return new(root.GetProperty("name").GetString()!, root.GetProperty("method").GetString()!, root.GetProperty("path").GetString()!,
            root.GetProperty("request_headers").EnumerateObject().ToDictionary(h => h.Name, h => h.Value.GetString()!), root.GetProperty("request_body").GetString(),
            root.GetProperty("status").GetInt32(), root.GetProperty("response_body").GetString()!);
    }

    /// <summary>Sends it as it was sent.</summary>
    public async Task<(int Status, string Answer)> SendAsync(HttpClient http)
    {
        using HttpRequestMessage message = new(new(Method), Path);
        if (RequestBody is not null) message.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(RequestBody));
        foreach (var (name, value) in Headers)
            if (!message.Headers.TryAddWithoutValidation(name, value)) (message.Content ??= new ByteArrayContent([])).Headers.TryAddWithoutValidation(name, value);
        using var response = await http.SendAsync(message);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>It writes, or reads what one before it has written: these are replayed in their order.</summary>
    public bool IsWrite => Path is "/push" or "/write-to-online-store" || Path.StartsWith("/materialize", StringComparison.Ordinal)
        || Name.EndsWith("-read", StringComparison.Ordinal) && s_writers.Any(w => Name.StartsWith(w, StringComparison.Ordinal));

    static readonly string[] s_writers = ["push", "write", "materialize"];
}
