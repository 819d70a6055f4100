namespace Lockstep.Runtime;

/// <summary>How far a long piece of work is. Reported at most some times a second; the command line draws it, the server keeps it.</summary>
/// <param name="Step">What is being done, for people: <c>reading weather</c>.</param>
/// <param name="Rows">Rows done in this step.</param>
/// <param name="Fraction">Between 0 and 1; NaN when unknown.</param>
public readonly record struct WorkProgress(string Step, long Rows, double Fraction);
