using System.Globalization;
using System.Text;
using Lockstep.Runtime.Verification;
using Lockstep.Server.Api;

namespace Lockstep.Server.Metrics;

/// <summary>What comparisons of online with offline have found since the server started.</summary>
sealed class ParityMetrics
{
    readonly Lock _gate = new();
    readonly SortedDictionary<string, long> _compared = new(StringComparer.Ordinal);
    readonly SortedDictionary<(string View, string Cause), long> _different = [];
    long _asOf;

    public void Add(ParityReport report)
    {
        lock (_gate)
        {
            _asOf = report.AsOf;
            foreach (var view in report.Views)
            {
                _compared[view.View] = _compared.GetValueOrDefault(view.View) + view.Values;
                foreach (var (cause, count) in view.Causes)
                {
                    var key = (view.View, RegistryJson.Word(cause));
                    _different[key] = _different.GetValueOrDefault(key) + count;
                }
            }
        }
    }

    /// <summary>Nothing before the first comparison.</summary>
    public void Write(StringBuilder text)
    {
        lock (_gate)
        {
            if (_asOf == 0) return;
            text.Append("# HELP lockstep_parity_values_total Values compared, online with offline.\n# TYPE lockstep_parity_values_total counter\n");
            foreach (var (view, count) in _compared) text.Append(CultureInfo.InvariantCulture, $"lockstep_parity_values_total{{view=\"{view}\"}} {count}\n");
            text.Append("# HELP lockstep_parity_different_total Values that differed, by cause.\n# TYPE lockstep_parity_different_total counter\n");
            foreach (var ((view, cause), count) in _different) text.Append(CultureInfo.InvariantCulture, $"lockstep_parity_different_total{{view=\"{view}\",cause=\"{cause}\"}} {count}\n");
            text.Append("# HELP lockstep_parity_as_of_seconds The instant of the last comparison.\n# TYPE lockstep_parity_as_of_seconds gauge\n");
            text.Append(CultureInfo.InvariantCulture, $"lockstep_parity_as_of_seconds {_asOf / 1e6}\n");
        }
    }
}
