"""Simulated posts with the truth about them: any rate, people, topics, events, bursts, rings, floods and faults.

simulation = Simulation(mixed_scenario(rate=50), seed=1)
for line in simulation.lines(): ...
simulation.labels, simulation.totals
"""
