namespace Lockstep.Runtime.Materialization;

/// <summary>The end of a view's table (S25) as it was recorded: before it the table is the truth, from it on the log.</summary>
/// <param name="End">A midnight (UTC).</param>
/// <param name="RecordedAt">When.</param>
/// <param name="Run">Number of the run that recorded it; null: <c>apply</c> did.</param>
/// <param name="Stands">Whether training uses it: the run has finished, or there was none.</param>
public sealed record RecordedEnd(long End, long RecordedAt, long? Run, bool Stands);
