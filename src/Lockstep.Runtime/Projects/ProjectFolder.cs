using System.Text;
using Lockstep.Core;
using Lockstep.Core.Definitions;
using Lockstep.Core.FeatureTests;

namespace Lockstep.Runtime.Projects;

/// <summary>A folder with a <c>lockstep.yaml</c>: its settings for one environment, and where its definitions are.</summary>
public sealed class ProjectFolder
{
    /// <summary>Where definitions are looked for, at any depth.</summary>
    public const string DefinitionsFolder = "features";

    static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    ProjectFolder(string root, ProjectSettings settings, IReadOnlyList<Problem> warnings) => (Root, Settings, Warnings) = (root, settings, warnings);

    /// <summary>Full path.</summary>
    public string Root { get; }

    public ProjectSettings Settings { get; }

    /// <summary>What the settings file made one wonder about.</summary>
    public IReadOnlyList<Problem> Warnings { get; }

    /// <summary>The folder, or its nearest parent, that holds a <c>lockstep.yaml</c>; null: none does.</summary>
    public static string? Find(string start)
    {
        ArgumentException.ThrowIfNullOrEmpty(start);
        for (var folder = new DirectoryInfo(Path.GetFullPath(start)); folder is not null; folder = folder.Parent)
            if (File.Exists(Path.Combine(folder.FullName, ProjectSettings.FileName))) return folder.FullName;
        return null;
    }

    /// <summary>The project of a folder or its nearest parent: settings only, no definition is read.</summary>
    /// <param name="environment">Null: the default one.</param>
    /// <param name="variable">Fills <c>${NAME}</c>; null for one that is not set.</param>
    /// <exception cref="LockstepException"><see cref="ErrorKind.NotFound"/> without a project, <see cref="ErrorKind.DefinitionsInvalid"/> when its settings are wrong.</exception>
    public static ProjectFolder Open(string start, string? environment, Func<string, string?> variable)
    {
        var root = Find(start) ?? throw new LockstepException(ErrorKind.NotFound,
            $"There is no {ProjectSettings.FileName} in '{Path.GetFullPath(start)}' or above it. Go into a project, name one with --project, or make one with: lockstep init");
        List<Problem> problems = [];
        if (ReadText(root, ProjectSettings.FileName, problems) is { } text)
        {
            var read = ProjectSettingsReader.Read(text, ProjectSettings.FileName, environment, variable);
            if (read.Settings is { } settings && read.Problems.All(p => p.Severity != Severity.Error)) return new(root, settings, read.Problems);
            problems.AddRange(read.Problems);
        }
        throw new LockstepException(ErrorKind.DefinitionsInvalid, problems);
    }

    /// <summary>A path of the settings or of a source: relative ones are relative to the project.</summary>
    public string Resolve(string path) => Path.GetFullPath(Path.Combine(Root, path));

    /// <summary>The file of the registry.</summary>
    /// <exception cref="LockstepException">The settings name another kind of registry than a file.</exception>
    public string RegistryFile => Settings.Registry.Contains("://", StringComparison.Ordinal)
        ? throw new LockstepException(ErrorKind.BadArguments, $"'registry: {StoreAddress.Redact(Settings.Registry)}' in {ProjectSettings.FileName} is not a file. This version keeps registries in files, like data/registry.db.")
        : Resolve(Settings.Registry);

    /// <summary>Reads every definition file. Files that cannot be read are problems like those within files.</summary>
    public DefinitionReadResult ReadDefinitions()
    {
        List<Problem> problems = [];
        List<(string, string)> texts = [];
        foreach (var file in DefinitionFiles(problems))
            if (ReadText(Root, file, problems) is { } text) texts.Add((file, text));
        var read = DefinitionReader.Read(texts);
        return read with { Problems = [.. problems, .. read.Problems] };
    }

    /// <summary>Reads every test file, <c>tests/**/*.yaml</c>; no folder, no tests.</summary>
    public FeatureTestReadResult ReadTests()
    {
        List<Problem> problems = [];
        List<(string, string)> texts = [];
        foreach (var file in Files(FeatureTest.FolderName, problems) ?? [])
            if (ReadText(Root, file, problems) is { } text) texts.Add((file, text));
        var read = FeatureTestReader.Read(texts);
        return read with { Problems = [.. problems, .. read.Problems] };
    }

    List<string> DefinitionFiles(List<Problem> problems)
    {
        if (Files(DefinitionsFolder, problems) is { } files) return files;
        problems.Add(new(Severity.Warning, null, $"The project has no folder '{DefinitionsFolder}', so it defines nothing."));
        return [];
    }

    /// <summary><c>**/*.yaml</c> and <c>.yml</c> in a folder, relative to the project with <c>/</c>, in the order of their names; null: there is no such folder.</summary>
    List<string>? Files(string folder, List<Problem> problems)
    {
        var top = Path.Combine(Root, folder);
        if (!Directory.Exists(top)) return null;
        List<string> files = [];
        Walk(new(top), folder, files, problems, []);
        files.Sort(StringComparer.Ordinal);
        return files;
    }

    // Links are followed, since mounted volumes are made of them; each real folder is entered once on a way down, so that a circle ends.
    static void Walk(DirectoryInfo folder, string name, List<string> files, List<Problem> problems, HashSet<string> above)
    {
        var real = folder.ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? folder.FullName;
        if (!above.Add(real)) return;
        try
        {
            foreach (var entry in folder.EnumerateFileSystemInfos().Where(e => !e.Name.StartsWith('.')))
                if (entry is DirectoryInfo inner) Walk(inner, $"{name}/{entry.Name}", files, problems, above);
                else if (entry.Extension is ".yaml" or ".yml") files.Add($"{name}/{entry.Name}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add(new(Severity.Error, new(name, 1, 1), $"The folder cannot be read: {e.Message}"));
        }
        above.Remove(real);
    }

    static string? ReadText(string root, string file, List<Problem> problems)
    {
        try
        {
            return Strict.GetString(WithoutMark(File.ReadAllBytes(Path.Combine(root, file))));
        }
        catch (DecoderFallbackException e)
        {
            problems.Add(new(Severity.Error, new(file, 1, 1), $"The file is not UTF-8 text: byte {e.Index} and those after it are none. Save it as UTF-8."));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problems.Add(new(Severity.Error, new(file, 1, 1), $"The file cannot be read: {e.Message}"));
        }
        return null;
    }

    static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> bytes) => bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes;
}
