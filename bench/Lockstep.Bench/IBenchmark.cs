namespace Lockstep.Bench;

/// <summary>A whole-program benchmark against a peer in the same run; adding one is one file. Prints its figures as a table of Markdown.</summary>
interface IBenchmark
{
    string Name { get; }
    string Summary { get; }
    Task<int> RunAsync(string[] args);
}
