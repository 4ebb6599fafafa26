"""What a cluster cannot meet is said with the profile's key; tests/slurm asks a real one."""

import math

import pytest

from grunflow.cluster import Partition, minutes_of
from grunflow.commands.preflight import account_faults, partition_faults, quality_faults

PROFILE = {
    "default-resources": {"slurm_partition": "cpu"},
    "set-resources": {
        "unlearn": {"slurm_partition": "gpu"},
        "evaluate": {"slurm_partition": "gpu", "gpu": 0, "gres": "'gpu:2'"},
    },
}


def gpus(**rules: int) -> dict[str, dict[str, int]]:
    """What rules ask for, little but these GPUs."""
    return {rule: {"gpu": number, "nodes": 1, "mem_mb": 100, "runtime": 5} for rule, number in rules.items()}


def nodes(**partitions: int) -> dict[str, Partition]:
    return {name: Partition(number, 500.0, 10.0) for name, number in partitions.items()}


def test_memory_and_minutes_are_held_against_the_partition() -> None:
    """The case slurm_preflight_time_memory: a partition of 10 minutes and 500 MB."""
    asked = {"set-resources": {"unlearn": {"slurm_partition": "gpu", "runtime": 20160, "mem_mb": 9000000}}}
    assert list(partition_faults(asked, gpus(unlearn=1), nodes(gpu=1))) == [
        "set-resources.unlearn.mem_mb: unlearn asks for 9000000 MB, but partition 'gpu' allows 500; name another partition "
        "or ask for less",
        "set-resources.unlearn.runtime: unlearn asks for 20160 minutes, but partition 'gpu' allows 10; name another partition "
        "or ask for less",
    ]
    own = {"set-resources": {"unlearn": {"slurm_partition": "gpu"}}}
    (fault,) = partition_faults(own, {"unlearn": {"gpu": 1, "mem_mb": 600, "runtime": 5}}, nodes(gpu=1))
    assert fault.startswith("set-resources.unlearn.slurm_partition: unlearn asks for 600 MB")


def test_a_partition_that_is_down_and_an_unknown_quality_of_service_are_named() -> None:
    down = {"gpu": Partition(2, up=False), "cpu": Partition()}
    (fault,) = partition_faults(PROFILE, gpus(unlearn=2), down)
    assert fault == "set-resources.unlearn.slurm_partition: partition 'gpu' is not up; name another"
    asked = {"default-resources": {"qos": "normal"}, "set-resources": {"unlearn": {"qos": "fast"}}}
    (fault,) = quality_faults(asked, {"normal"})
    assert fault == "set-resources.unlearn.qos: got 'fast', the cluster has normal; correct it"


@pytest.mark.parametrize(
    ("text", "minutes"),
    [("10:00", 10), ("1:30:00", 90), ("2-00:00:00", 2880), ("infinite", math.inf), ("n/a", math.inf)],
)
def test_time_limits_are_read_as_sinfo_writes_them(text: str, minutes: float) -> None:
    assert minutes_of(text) == minutes


def test_what_the_partitions_have_is_enough() -> None:
    assert not list(partition_faults(PROFILE, gpus(unlearn=2, evaluate=1), nodes(cpu=0, gpu=2)))


def test_each_fault_names_its_key() -> None:
    faults = list(partition_faults(PROFILE, gpus(unlearn=2), nodes(gpu=1)))
    assert faults == [
        "default-resources.slurm_partition: got 'cpu', the cluster has gpu; correct it",
        "set-resources.unlearn.slurm_partition: unlearn asks for 2 GPUs, but a node of partition 'gpu' has 1; name another "
        "partition, ask for fewer, or set the study's gpus_per_node to 1",
    ]
    (fault,) = partition_faults(PROFILE, gpus(evaluate=0), nodes(cpu=0, gpu=1))
    assert fault.startswith("set-resources.evaluate.gres: evaluate asks for 2 GPUs")


def test_what_a_profile_may_say_in_other_words() -> None:
    """A list of partitions, an expression of Snakemake's, a number for an account's name."""
    either = {"set-resources": {"unlearn": {"slurm_partition": "gpu,big"}}}
    assert not list(partition_faults(either, gpus(unlearn=1), nodes(gpu=1, big=8)))
    (fault,) = partition_faults(either, gpus(unlearn=1), nodes(gpu=1))
    assert "unlearn.slurm_partition: got 'gpu,big', the cluster has gpu" in fault
    later = {"set-resources": {"unlearn": {"slurm_partition": "gpu", "gpu": "1 if attempt == 1 else 2"}}}
    assert not list(partition_faults(later, gpus(unlearn=1), nodes(gpu=1)))
    assert not list(account_faults({"default-resources": {"slurm_account": 123}}, ({"123"}, "")))


def test_fewer_gpus_than_processes_are_a_fault() -> None:
    few = {"set-resources": {"unlearn": {"slurm_partition": "gpu", "gpu": 0, "gres": "'gpu:1'"}}}
    (fault,) = partition_faults(few, gpus(unlearn=2), nodes(gpu=4))
    assert fault == (
        "set-resources.unlearn.gres: gives 1 GPUs to a job of unlearn that starts a process on each of 2; ask for 2"
    )


def test_gpus_of_several_nodes_are_held_against_as_many_nodes() -> None:
    profile = {"set-resources": {"unlearn": {"slurm_partition": "gpu"}}}
    asked = {"unlearn": {"gpu": 16, "nodes": 2, "mem_mb": 1, "runtime": 1}}
    assert not list(partition_faults(profile, asked, nodes(gpu=8)))
    (fault,) = partition_faults(profile, asked, nodes(gpu=16))
    assert fault.startswith(
        "the study's gpus_per_node: unlearn asks for 16 GPUs on 2 nodes, but a node of partition 'gpu' has 16,"
    )
    each = {"set-resources": {"unlearn": {"slurm_partition": "gpu", "gpu": 0, "gres": "'gpu:8'"}}}
    assert not list(partition_faults(each, asked, nodes(gpu=8)))
    (fault,) = partition_faults(profile, asked, nodes(gpu=4))
    assert "unlearn asks for 16 GPUs on 2 nodes, but a node of partition 'gpu' has 4;" in fault
    assert fault.endswith("or set the study's gpus_per_node to 4")


def test_an_account_is_asked_for_where_the_cluster_wants_one_and_has_no_default() -> None:
    assert not list(account_faults({}, None))
    assert not list(account_faults({}, ({"lab"}, "lab")))
    (fault,) = account_faults({}, ({"lab"}, ""))
    assert fault == "default-resources.slurm_account: got None, you may charge lab; set one of these"
    named = {"default-resources": {"slurm_account": "lab"}}
    assert not list(account_faults(named, ({"lab", "other"}, "")))
    (fault,) = account_faults(named, (set(), ""))
    assert fault.endswith("got 'lab', you may charge none; ask for an account on this cluster")


def test_accounts_of_single_rules_lists_and_capitals_are_read_as_the_executor_does() -> None:
    known = ({"lab", "other"}, "lab")
    profile = {
        "default-resources": {"slurm_account": "Lab, other"},
        "set-resources": {"unlearn": {"slurm_account": "no"}},
    }
    (fault,) = account_faults(profile, known)
    assert fault.startswith("set-resources.unlearn.slurm_account: got 'no', you may charge lab, other")
