namespace Lockstep.Cli.Templates;

/// <summary>The files of <c>init</c>: the folders beside this file, and samples, as resources of the program.</summary>
internal static class Template
{
    const string Prefix = "Templates/";

    /// <summary>A name that begins with a dot cannot be in a package; these get their dot when they are written.</summary>
    const string IgnoreFile = "gitignore";

    public static readonly IReadOnlyList<string> Names = ["flights", "recommendations", "minimal"];

    /// <summary>Relative paths of a template's files, in order.</summary>
    public static IReadOnlyList<string> Files(string template)
        => [.. Resources().Where(r => r.StartsWith(Prefix + template + "/", StringComparison.Ordinal))
            .Select(r => r[(Prefix.Length + template.Length + 1)..])
            .Select(f => f == IgnoreFile ? "." + f : f)
            .Order(StringComparer.Ordinal)];

    public static Stream Open(string template, string file)
        => typeof(Template).Assembly.GetManifestResourceStream($"{Prefix}{template}/{(file == "." + IgnoreFile ? IgnoreFile : file)}")
            ?? throw new ArgumentException($"Template '{template}' has no file '{file}'.", nameof(file));

    static string[] Resources() => typeof(Template).Assembly.GetManifestResourceNames();
}
