# The frozen target model, run once for all grun and reft runs that edit it from block `first` on.
rule cache_frozen_states:
    input:
        unpack(
            inputs_of(
                "results/{study}/runs/{model}/{split}/frozen_b{first}_t{target_seed}"
            )
        ),
    output:
        directory("results/{study}/runs/{model}/{split}/frozen_b{first}_t{target_seed}"),
    log:
        "results/{study}/logs/{model}/{split}/frozen_b{first}_t{target_seed}.log",
    cache: True
    conda:
        "../../envs/torch.yaml"
    resources:
        **asks("results/{study}/runs/{model}/{split}/frozen_b{first}_t{target_seed}"),
        batch_size=evaluation_batch,
    params:
        inputs=inputs,
        spec=spec_of(
            "results/{study}/runs/{model}/{split}/frozen_b{first}_t{target_seed}"
        ),
        code=stage_digest("cache_frozen_states"),
    shell:
        "grunflow cache_frozen_states --spec {params.spec:q} --code {params.code} --batch-size {resources.batch_size}"
        " {params.inputs} --out {output} --log {log}"


# One objective on one carrier, for one pair of seeds.
rule unlearn:
    input:
        unpack(inputs_of("results/{study}/runs/{run}")),
    output:
        folder=directory("results/{study}/runs/{run}"),
    log:
        "results/{study}/logs/{run}.log",
    cache: True
    conda:
        "../../envs/torch.yaml"
    resources:
        **asks("results/{study}/runs/{run}", "processes", "slurm_extra"),
        batch_size=STUDY.evaluation_batch_size,
    params:
        inputs=inputs,
        carrier=carrier_of("results/{study}/runs/{run}"),
        spec=spec_of("results/{study}/runs/{run}"),
        code=stage_digest("unlearn"),
    shell:
        "grunflow unlearn --spec {params.spec:q} --code {params.code} --batch-size {resources.batch_size} {params.inputs}"
        " {params.carrier} --processes {resources.processes} --out {output.folder} --log {log}"


# The same where the study does not keep what is trained: it goes once every job that reads it is done. `use rule` does not
# take `cache:` over, and so the cache keeps no copy.
if STUDY.keep != "all":

    use rule unlearn as unlearn_and_discard with:
        output:
            folder=directory("results/{study}/runs/{run}"),
            carrier=temp(directory("results/{study}/carriers/{run}")),
        wildcard_constraints:
            run=one_of(DISCARDED),
