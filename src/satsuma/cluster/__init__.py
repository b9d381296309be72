"""Ray (`--ray`, extra `ray`): models as replicas, trainings, and maps over many texts, on the machines of a cluster.

Rule: what decides the data stays in the driver. The ordered stream, the journal, the rates and the budget never leave
the process that was started; a replica is given a request and gives back a reply, as a provider in that process would.
So a run on a cluster has the bytes of the run without one, whatever the number of workers and whatever dies.

Nothing here is loaded without `--ray`. Ray moves messages and places processes; retries, queues and order are
satsuma's own, because they are one thing with the journal (docs/scaling.md has the comparison with Ray Data and Ray
Serve).
"""
