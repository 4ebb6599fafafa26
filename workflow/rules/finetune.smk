BASE = "results/{study}/{benchmark}/runs/{base}"
TARGET = "results/{study}/{benchmark}/runs/{target}"
RETAIN = "results/{study}/{benchmark}/runs/{retain}"


# The model from scratch that knows the world, and of the study nothing.
rule finetune_base:
    input:
        unpack(inputs_of(BASE)),
    output:
        folder=directory(BASE),
    log:
        log_of(BASE),
    wildcard_constraints:
        base=places("finetune_base"),
    cache: True
    conda:
        "../../envs/torch.yaml"
    resources:
        **asks(BASE, "accumulation", "slurm_extra"),
    params:
        **call_of(BASE),
    shell:
        "grunflow finetune --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --accumulation {resources.accumulation} --out {output.folder:q} --log {log:q}"


# Fine-tuned on everything: what unlearning starts from.
rule finetune_target:
    input:
        unpack(inputs_of(TARGET)),
    output:
        folder=directory(TARGET),
    log:
        log_of(TARGET),
    wildcard_constraints:
        target=places("finetune_target"),
    cache: True
    conda:
        "../../envs/torch.yaml"
    resources:
        **asks(TARGET, *TRAINING),
    params:
        **call_of(TARGET),
    shell:
        "grunflow finetune --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --processes {resources.processes} --nodes {resources.nodes} --accumulation {resources.accumulation}"
        " --out {output.folder:q} --log {log:q}"


# Fine-tuned without what is to be forgotten: the gold reference.
rule finetune_retain:
    input:
        unpack(inputs_of(RETAIN)),
    output:
        folder=directory(RETAIN),
    log:
        log_of(RETAIN),
    wildcard_constraints:
        retain=places("finetune_retain"),
    cache: True
    conda:
        "../../envs/torch.yaml"
    resources:
        **asks(RETAIN, *TRAINING),
    params:
        **call_of(RETAIN),
    shell:
        "grunflow finetune --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --processes {resources.processes} --nodes {resources.nodes} --accumulation {resources.accumulation}"
        " --out {output.folder:q} --log {log:q}"
