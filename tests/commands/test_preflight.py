"""What a cluster cannot meet is said with the profile's key; tests/slurm asks a real one."""

from grunflow.commands.preflight import account_faults, partition_faults

PROFILE = {
    "default-resources": {"slurm_partition": "cpu"},
    "set-resources": {
        "unlearn": {"slurm_partition": "gpu"},
        "evaluate": {"slurm_partition": "gpu", "gpu": 0, "gres": "'gpu:2'"},
    },
}


def test_what_the_partitions_have_is_enough() -> None:
    assert not list(partition_faults(PROFILE, {"unlearn": 2, "evaluate": 1}, {"cpu": 0, "gpu": 2}))


def test_each_fault_names_its_key() -> None:
    faults = list(partition_faults(PROFILE, {"unlearn": 2}, {"gpu": 1}))
    assert faults == [
        "default-resources.slurm_partition: got 'cpu', the cluster has gpu; correct it",
        "set-resources.unlearn.slurm_partition: unlearn asks for 2 GPUs, but a node of partition 'gpu' has 1; name another "
        "partition or ask for fewer",
    ]
    (fault,) = partition_faults(PROFILE, {"evaluate": 0}, {"cpu": 0, "gpu": 1})
    assert fault.startswith("set-resources.evaluate.gres: evaluate asks for 2 GPUs")


def test_what_a_profile_may_say_in_other_words() -> None:
    """A list of partitions, an expression of Snakemake's, a number for an account's name."""
    either = {"set-resources": {"unlearn": {"slurm_partition": "gpu,big"}}}
    assert not list(partition_faults(either, {"unlearn": 1}, {"gpu": 1, "big": 8}))
    (fault,) = partition_faults(either, {"unlearn": 1}, {"gpu": 1})
    assert "unlearn.slurm_partition: got 'gpu,big', the cluster has gpu" in fault
    later = {"set-resources": {"unlearn": {"slurm_partition": "gpu", "gpu": "1 if attempt == 1 else 2"}}}
    assert not list(partition_faults(later, {"unlearn": 1}, {"gpu": 1}))
    assert not list(account_faults({"default-resources": {"slurm_account": 123}}, ({"123"}, "")))


def test_fewer_gpus_than_processes_are_a_fault() -> None:
    few = {"set-resources": {"unlearn": {"slurm_partition": "gpu", "gpu": 0, "gres": "'gpu:1'"}}}
    (fault,) = partition_faults(few, {"unlearn": 2}, {"gpu": 4})
    assert fault == (
        "set-resources.unlearn.gres: gives 1 GPUs to a job of unlearn that starts a process on each of 2; ask for 2"
    )


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
