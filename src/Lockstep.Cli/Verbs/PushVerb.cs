using System.CommandLine;
using System.Globalization;
using Lockstep.Cli.Output;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.Streaming;
using Lockstep.Runtime.Streaming.Intake;

namespace Lockstep.Cli.Verbs;

/// <summary>Sends the events of a file to a source.</summary>
internal sealed class PushVerb : Verb
{
    const int ShownReasons = 10;

    readonly Argument<string> _source = new("source") { Description = "A source with a stream" };
    readonly Argument<string> _file = new("file") { Description = "The events: .jsonl, .json, .csv or .parquet" };
    readonly Option<string?> _key = new("--key") { Description = "An idempotency key for the whole file: sent again within 7 days under the same key, it changes nothing; only for files that are logged in one piece (.json)", HelpName = "text" };

    public override string Name => "push";
    public override VerbGroup Group => VerbGroup.Compute;
    public override string Summary => "Send the events of a file to a source: logged, and online when it returns";
    public override string Details => "Each event is taken or refused by itself: a value that does not convert, no timestamp or key, a timestamp more than ten minutes ahead. Refused events are kept with their reasons in the table `events/<source>.refused` of the offline store. It works beside a running server, which serves what was sent as soon as the verb returns.";
    public override IReadOnlyList<Argument> Arguments => [_source, _file];
    public override IReadOnlyList<Option> Options => [_key];
    public override IReadOnlyList<Example> Examples => [new("lockstep push clicks events.jsonl", "one object a line"), new("lockstep push clicks day.parquet", "columns by their names")];
    public override string WhenInterrupted => "What was logged stays. Sending the file again logs its events again, unless under the same --key.";

    public override string JsonSample => """
        {
          "source": "clicks", "accepted": 998, "refused": 2, "visible": true, "repeated": false,
          "refused_events": [ { "row": 17, "reason": "there is no 'at': an event needs its timestamp" } ],
          "unknown_columns": ["colour"], "log": { "partition": 0, "place": 997 }
        }
        """;

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        var path = context.Console.FullPath(context.Get(_file)!);
        if (!File.Exists(path)) throw new LockstepException(ErrorKind.NotFound, $"There is no file '{context.Get(_file)}'.");
        if (!TableFormats.TryInfer(path, out var format)) throw new LockstepException(ErrorKind.BadArguments, $"The format of '{context.Get(_file)}' is not clear from its name. Name it .jsonl, .json, .csv or .parquet.");
        await using var host = context.OpenProject();
        var catalog = await host.LoadCatalogAsync(token);
        if (catalog.Number == 0) throw new LockstepException(ErrorKind.NotFound, "Nothing is registered. Register the project's definitions with: lockstep apply");
        await using var streams = host.OpenStreams();
        await streams.UpdateAsync(catalog, token);
        var feed = streams.Find(context.Get(_source)!);
        var (answer, rows, begin) = (new PushAnswer { Source = feed.Source.Name, Accepted = 0, Refused = 0 }, 0L, context.Console.Clock.GetTimestamp());
        var key = context.Get(_key);
        using var pieces = EventFile.Read(feed, host.Engine, path, Path.GetFileName(path), format, 0, token).GetEnumerator();
        for (var piece = Next(); piece is not null; piece = key is null ? Next() : null)
        {
            // Looked at before anything is sent: under a key all of a file is logged, or nothing.
            if (key is not null && Next() is not null) throw new LockstepException(ErrorKind.BadArguments, $"'{context.Get(_file)}' is too large to be logged in one piece, and nothing of it was: leave out --key, or send it in parts, each under a key of its own.");
            answer = Add(answer, await feed.PushAsync(piece, key, token), rows);
            rows += piece.Rows;
        }
        if (context.Json) context.WriteJson(PushJson.Of(answer));
        Say(answer, context, begin);
        return answer.Refused == 0 ? ExitCode.Done : ExitCode.Failed;

        EventRows? Next()
        {
            try
            {
                return pieces.MoveNext() ? pieces.Current : null;
            }
            catch (Exception e) when (e is LockstepException or IOException or InvalidDataException)
            {
                throw new LockstepException((e as LockstepException)?.Kind ?? ErrorKind.Failed, $"{(e is LockstepException ? e.Message : $"'{context.Get(_file)}' cannot be read: {e.Message}")}{(rows == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $" Its first {rows} rows are in the log already: send what follows them."))}", e);
            }
        }
    }

    static PushAnswer Add(PushAnswer all, PushAnswer piece, long before) => piece with
    {
        Accepted = all.Accepted + piece.Accepted,
        Refused = all.Refused + piece.Refused,
        Visible = all.Visible && piece.Visible,
        Reasons = [.. all.Reasons.Concat(piece.Reasons.Select(r => new RefusedEvent(before + r.Row, r.Reason))).Take(PushAnswer.MaxReasons)],
        UnknownColumns = [.. all.UnknownColumns.Union(piece.UnknownColumns).Order(StringComparer.Ordinal)],
    };

    static void Say(PushAnswer answer, VerbContext context, long begin)
    {
        var console = context.Console;
        foreach (var reason in answer.Reasons.Take(ShownReasons)) context.Say(string.Create(CultureInfo.InvariantCulture, $"{console.ErrorPaint.Red("refused:")} event {reason.Row}: {reason.Reason}"));
        if (answer.Refused > ShownReasons) context.Say($"… and {Words.Number(answer.Refused - ShownReasons)} more. All of them are kept with their reasons.");
        if (answer.UnknownColumns.Count > 0) context.Warn($"Source '{answer.Source}' has no column {string.Join(", ", answer.UnknownColumns.Select(c => $"'{c}'"))}: these values were left out.");
        if (answer.Repeated) context.Say("The file was sent before under this key: nothing was done.");
        else context.Say($"{(answer.Refused == 0 ? console.ErrorPaint.Green("Done") : console.ErrorPaint.Red("Done, not all"))}: {Words.Count(answer.Accepted, "event")} logged{(answer.Visible ? " and online" : "; not online yet, a server will see to it")}, {Words.Number(answer.Refused)} refused, in {Words.Duration(console.Clock.GetElapsedTime(begin))}.");
    }
}
