"""A discrete-event contact centre that writes landing files and the truth behind them.

`simulate` fills a folder with files as real systems would export them, and `_truth/` beside
them with what a perfect reading of those files must yield. Everything follows from the seed.
"""

from ingestion.simulation.run import simulate
from ingestion.simulation.settings import SimulationSettings, SimulationSummary

__all__ = ["SimulationSettings", "SimulationSummary", "simulate"]
