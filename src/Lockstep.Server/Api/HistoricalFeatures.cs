using System.Globalization;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Runtime.Engine;
using Lockstep.Runtime.Serving;
using Lockstep.Runtime.TrainingSets;
using Lockstep.Server.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Lockstep.Server.Api;

/// <summary>
/// POST /api/v1/features/historical: the spine is the body, the answer the training set. What is asked for stands in the query:
/// <c>service</c> or <c>features</c>, <c>full_names</c>, <c>as_known</c>, <c>timestamp</c>; formats by Content-Type and Accept, or
/// by <c>spine</c> and <c>format</c>. The spine is put into a file first, and so is the answer: an error is still an error then.
/// </summary>
sealed class HistoricalFeatures(FeatureServer server, Func<TrainingSetBuilder> builder, OfflineTurns turns, string temporary)
{
    static readonly (TableFormat Format, string MediaType)[] Formats =
        [(TableFormat.Parquet, "application/vnd.apache.parquet"), (TableFormat.Csv, "text/csv"), (TableFormat.JsonLines, "application/x-ndjson"), (TableFormat.Json, "application/json")];

    static readonly string[] Known = ["service", "features", "full_names", "as_known", "timestamp", "spine", "format"];

    const string SpineName = "the spine in the body";

    public async Task Handle(HttpContext context)
    {
        var token = context.RequestAborted;
        var query = context.Request.Query;
        foreach (var name in query.Keys)
            if (!Known.Contains(name)) throw Bad($"The query has '{name}', which means nothing.{NearestName.Hint(name, Known, "It knows")}");
        var (spineFormat, format) = (SpineFormat(context), AnswerFormat(context));
        var folder = Directory.CreateDirectory(Path.Combine(temporary, $"lockstep-historical-{Guid.NewGuid():N}"));
        try
        {
            var request = Request(context, Path.Combine(folder.FullName, "spine." + spineFormat.Word()), spineFormat, new(Path.Combine(folder.FullName, "answer." + format.Word()), format));
            await SaveAsync(context, request.Spine.Path);
            TrainingSetReport report;
            try
            {
                report = await turns.TakeAsync(() => builder().Run(request.Ask, null, token), token);
            }
            catch (LockstepException wrong) when (wrong.Kind == ErrorKind.Failed && wrong.Message.StartsWith(SpineName, StringComparison.Ordinal))
            {
                throw Bad(wrong.Message.Replace(folder.FullName + Path.DirectorySeparatorChar, "", StringComparison.Ordinal)); // the caller's file
            }
            await SendAsync(context, report, request.Ask.Output!, token);
        }
        finally
        {
            folder.Delete(true);
        }
    }

    ((string Path, TableFormat Format) Spine, TrainingSetRequest Ask) Request(HttpContext context, string spine, TableFormat format, TableOutput output)
    {
        var query = context.Request.Query;
        var (service, features) = ((string?)query["service"], (string?)query["features"]);
        if (service is null == features is null) throw Bad("The query names what is asked for by 'service' or by 'features', one of them: ?service=late_flight, or ?features=weather:temp,weather:visib.");
        var ask = service is not null
            ? FeatureQuery.OfService(service, Flag(context, "full_names"))
            : FeatureQuery.OfFeatures(features!.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries), Flag(context, "full_names"));
        var catalog = server.Current.Catalog;
        ask.Resolve(catalog); // mistakes are told before the spine is read
        return ((spine, format), new()
        {
            Catalog = catalog,
            Spine = Spine.Of(new TableInput { Name = SpineName, Format = format, Files = [new(spine)] }),
            Service = ask.Service is null ? null : catalog.FindService(ask.Service, ask.ServiceVersion),
            Features = ask.Features,
            FullNames = ask.FullNames,
            AsKnown = Flag(context, "as_known"),
            Timestamp = query["timestamp"],
            Output = output,
            WriteRecord = false,
        });
    }

    async Task SaveAsync(HttpContext context, string path)
    {
        var limit = server.Settings.MaxSpineBytes;
        if (context.Request.ContentLength > limit) throw new LimitException(Limits.MaxSpineBytes, limit, $"The spine has {context.Request.ContentLength} bytes");
        await using var file = File.Create(path);
        var reader = context.Request.BodyReader;
        for (var total = 0L; ;)
        {
            var read = await reader.ReadAsync(context.RequestAborted);
            total += read.Buffer.Length;
            if (total <= limit)
                foreach (var piece in read.Buffer) await file.WriteAsync(piece, context.RequestAborted);
            reader.AdvanceTo(read.Buffer.End);
            if (total > limit) throw new LimitException(Limits.MaxSpineBytes, limit, $"The spine has {total} bytes or more");
            if (!read.IsCompleted) continue;
            if (total == 0) throw Bad("The body is empty; it has to be the spine: a table with the join keys and a timestamp, as parquet, csv, json or jsonl.");
            return;
        }
    }

    static async Task SendAsync(HttpContext context, TrainingSetReport report, TableOutput output, CancellationToken token)
    {
        context.Response.ContentType = Formats.First(f => f.Format == output.Format).MediaType;
        context.Response.Headers["Lockstep-Rows"] = report.Rows.ToString(CultureInfo.InvariantCulture);
        foreach (var warning in report.Warnings) context.Response.Headers.Append("Lockstep-Warning", Header(warning));
        await context.Features.GetRequiredFeature<IHttpResponseBodyFeature>().SendFileAsync(output.Path, 0, null, token);
    }

    // A header holds ASCII without line ends.
    static string Header(string text) => string.Concat(text.Select(c => c is >= ' ' and < '\x7f' ? c : ' '));

    static TableFormat SpineFormat(HttpContext context)
    {
        if ((string?)context.Request.Query["spine"] is { } word) return Format(word, "spine");
        var media = (context.Request.ContentType ?? "").Split(';')[0].Trim().ToLowerInvariant();
        return media switch
        {
            "application/vnd.apache.parquet" or "application/x-parquet" or "application/parquet" => TableFormat.Parquet,
            "text/csv" => TableFormat.Csv,
            "application/json" => TableFormat.Json,
            "application/x-ndjson" or "application/jsonl" or "application/x-jsonlines" => TableFormat.JsonLines,
            _ => throw Bad($"The Content-Type '{context.Request.ContentType}' does not say what the spine is. Send one of {string.Join(", ", Formats.Select(f => f.MediaType))}, or name it: ?spine=csv."),
        };
    }

    static TableFormat AnswerFormat(HttpContext context)
    {
        if ((string?)context.Request.Query["format"] is { } word) return Format(word, "format");
        return ContentTypes.Choose(context.Request.Headers.Accept, [.. Formats.Select(f => f.MediaType)]) is { } media
            ? Formats.First(f => f.MediaType == media).Format
            : throw new NotAcceptableException($"Accept is '{context.Request.Headers.Accept}'; there are {string.Join(", ", Formats.Select(f => f.MediaType))}. Or name one: ?format=csv.");
    }

    static TableFormat Format(string word, string name) => TableFormats.TryParse(word, out var format) && format != TableFormat.Delta
        ? format
        : throw Bad($"'{name}={word}' is no format. Formats: {string.Join(", ", Formats.Select(f => f.Format.Word()))}.");

    static bool Flag(HttpContext context, string name) => RegistryEndpoints.Flag(context, name);

    static LockstepException Bad(string message) => new(ErrorKind.BadArguments, message);
}

/// <summary>None of the formats that the caller takes is there.</summary>
sealed class NotAcceptableException(string message) : LockstepException(ErrorKind.BadArguments, message);
