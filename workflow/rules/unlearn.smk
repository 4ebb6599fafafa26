FROZEN = "results/{study}/{benchmark}/runs/{frozen}"
RUN = "results/{study}/{benchmark}/runs/{run}"
ATTACK = "results/{study}/{benchmark}/attacks/{attacked}"
CARRIER = "results/{study}/{benchmark}/carriers/{run}"


# A frozen model, run once for all runs that edit it from one block on.
rule cache_frozen_states:
    input:
        unpack(inputs_of(FROZEN)),
    output:
        folder=directory(FROZEN),
    log:
        log_of(FROZEN),
    wildcard_constraints:
        frozen=places("cache_frozen_states"),
    cache: True
    conda:
        "../../envs/torch.yaml"
    resources:
        **asks(FROZEN, "batch_size"),
    params:
        **call_of(FROZEN),
    shell:
        "grunflow cache_frozen_states --spec {params.spec:q} --code {params.code} --batch-size {resources.batch_size}"
        " {params.inputs} --out {output.folder:q} --log {log:q}"


# One objective on one carrier, for one replicate.
rule unlearn:
    input:
        unpack(inputs_of(RUN)),
    output:
        folder=directory(RUN),
    log:
        log_of(RUN),
    wildcard_constraints:
        run=places("unlearn"),
    cache: True
    conda:
        "../../envs/torch.yaml"
    resources:
        **asks(RUN, *TRAINING, "batch_size"),
    params:
        **call_of(RUN),
        carrier=carrier_of(RUN),
    shell:
        "grunflow unlearn --spec {params.spec:q} --code {params.code} --batch-size {resources.batch_size} {params.inputs}"
        " {params.carrier} --processes {resources.processes} --nodes {resources.nodes} --accumulation {resources.accumulation}"
        " --out {output.folder:q} --log {log:q}"


# A finished run trained further, to bring back what it forgot, and asked on the way; only its scores stay.
rule attack:
    input:
        unpack(inputs_of(ATTACK)),
    output:
        folder=directory(ATTACK),
    log:
        log_of(ATTACK),
    wildcard_constraints:
        attacked=places("attack"),
    cache: True
    conda:
        "../../envs/torch.yaml"
    resources:
        **asks(ATTACK, *TRAINING, "batch_size"),
    params:
        **call_of(ATTACK),
    shell:
        "grunflow attack --spec {params.spec:q} --code {params.code} --batch-size {resources.batch_size} {params.inputs}"
        " --processes {resources.processes} --nodes {resources.nodes} --accumulation {resources.accumulation}"
        " --out {output.folder:q} --log {log:q}"


# Unlearning where the study does not keep what is trained: it goes once every job that reads it is done. `use rule` does not
# take `cache:` over, and so the cache keeps no copy.
if STUDY.keep != "all":

    use rule unlearn as unlearn_and_discard with:
        output:
            folder=directory(RUN),
            carrier=temp(directory(CARRIER)),
        wildcard_constraints:
            run=places("unlearn_and_discard"),
