using System.CommandLine;
using System.Text.Json.Nodes;
using Lockstep.Cli.Output;
using Lockstep.Cli.Templates;
using Lockstep.Core;
using Lockstep.Core.Definitions;

namespace Lockstep.Cli.Verbs;

/// <summary>Writes a project that runs as it is.</summary>
internal sealed class InitVerb : Verb
{
    readonly Argument<string?> _folder = new("dir") { Description = "Where to write it. Default: this folder", Arity = ArgumentArity.ZeroOrOne };

    readonly Option<string> _template = new Option<string>("--template", "-t")
    {
        Description = $"What to begin with: {string.Join(" or ", Template.Names)}. Default: flights",
        HelpName = "name",
        DefaultValueFactory = static _ => Template.Names[0],
    }.OneOf([.. Template.Names]);

    public override string Name => "init";
    public override VerbGroup Group => VerbGroup.Start;
    public override string Summary => "Write a project that runs as it is";
    public override string Details => "`flights` is real data: 2,000 flights from New York with the weather and the aircraft (CC0). `recommendations` is a made-up shop: embeddings, SQL and features that are computed on demand. `minimal` is the least that works. Files that are there are never overwritten.";
    public override IReadOnlyList<Argument> Arguments => [_folder];
    public override IReadOnlyList<Option> Options => [_template];
    public override IReadOnlyList<Example> Examples => [new("lockstep init my-project", "flights, in a new folder"), new("lockstep init --template minimal", "the smallest, here")];
    public override string WhenInterrupted => "Files that were written are whole; remove them and run it again.";

    public override string JsonSample => """
        { "folder": "/home/me/my-project", "template": "flights", "files": ["README.md", "features/weather.yaml"] }
        """;

    public override async Task<int> RunAsync(VerbContext context, CancellationToken token)
    {
        var given = context.Get(_folder);
        var folder = context.Console.FullPath(given ?? ".");
        var template = context.Get(_template)!;
        var files = Template.Files(template);
        if (File.Exists(folder)) throw new LockstepException(ErrorKind.BadArguments, $"'{folder}' is a file; a project is a folder.");
        if (files.Where(f => Path.Exists(Path.Combine(folder, f))).MinBy(f => f != ProjectSettings.FileName) is { } taken)
        {
            var what = taken == ProjectSettings.FileName ? "There is a project already" : $"There is a '{taken}' already";
            throw new LockstepException(ErrorKind.Conflict, $"{what} in '{folder}'. Choose an empty folder: lockstep init <dir>.");
        }
        foreach (var file in files)
        {
            var path = Path.Combine(folder, file);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await using var from = Template.Open(template, file);
            await using var to = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
            await from.CopyToAsync(to, token);
        }
        if (context.Json)
        {
            context.WriteJson(new JsonObject { ["folder"] = folder, ["template"] = template, ["files"] = new JsonArray([.. files.Select(f => (JsonNode)f)]) });
            return ExitCode.Done;
        }
        context.Say($"Wrote {Words.Count(files.Count, "file")} to {folder}. README.md there says what to try; first:");
        if (given is not null) context.Say($"  cd {given}");
        context.Say("  lockstep validate");
        context.Say("  lockstep apply");
        return ExitCode.Done;
    }
}
