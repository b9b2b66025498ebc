"""Simulated posts with the truth about them: any rate, people, topics, events, bursts, rings, floods and faults.

simulation = Simulation(mixed_scenario(rate=50), seed=1)
for line in simulation.lines(): ...
simulation.labels, simulation.totals
"""

from pipeline.sources.simulator.demo import EVENING_MS, demo_events, demo_rules, demo_scenario
from pipeline.sources.simulator.labels import Label, PhaseLabel, Totals
from pipeline.sources.simulator.scenario import (
    DEFAULT_START_MS,
    Burst,
    Faults,
    Flood,
    Happening,
    Phase,
    Ring,
    Scenario,
    Talk,
    Voice,
)
from pipeline.sources.simulator.scenes import hostile_scenario, mixed_scenario, quiet_scenario
from pipeline.sources.simulator.simulation import Simulation, simulate

__all__ = [
    "DEFAULT_START_MS",
    "EVENING_MS",
    "Burst",
    "Faults",
    "Flood",
    "Happening",
    "Label",
    "Phase",
    "PhaseLabel",
    "Ring",
    "Scenario",
    "Simulation",
    "Talk",
    "Totals",
    "Voice",
    "demo_events",
    "demo_rules",
    "demo_scenario",
    "hostile_scenario",
    "mixed_scenario",
    "quiet_scenario",
    "simulate",
]
