# The model that knows the world but no author of the study.
rule finetune_base:
    input:
        unpack(inputs_of("results/{study}/runs/{model}/base")),
    output:
        directory("results/{study}/runs/{model}/base"),
    log:
        "results/{study}/logs/{model}/base.log",
    cache: True
    conda:
        "../../envs/torch.yaml"
    resources:
        **asks("results/{study}/runs/{model}/base", "slurm_extra"),
    params:
        inputs=inputs,
        spec=spec_of("results/{study}/runs/{model}/base"),
        code=stage_digest("finetune"),
    shell:
        "grunflow finetune --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --out {output} --log {log}"


# Fine-tuned on everything: what unlearning starts from.
rule finetune_target:
    input:
        unpack(inputs_of("results/{study}/runs/{model}/target_t{target_seed}")),
    output:
        directory("results/{study}/runs/{model}/target_t{target_seed}"),
    log:
        "results/{study}/logs/{model}/target_t{target_seed}.log",
    cache: True
    conda:
        "../../envs/torch.yaml"
    resources:
        **asks(
            "results/{study}/runs/{model}/target_t{target_seed}",
            "processes",
            "slurm_extra",
        ),
    params:
        inputs=inputs,
        spec=spec_of("results/{study}/runs/{model}/target_t{target_seed}"),
        code=stage_digest("finetune"),
    shell:
        "grunflow finetune --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --processes {resources.processes} --out {output} --log {log}"


# Fine-tuned without the forget split: the gold reference of Forget Quality.
rule finetune_retain:
    input:
        unpack(inputs_of("results/{study}/runs/{model}/{split}/retain_t{target_seed}")),
    output:
        directory("results/{study}/runs/{model}/{split}/retain_t{target_seed}"),
    log:
        "results/{study}/logs/{model}/{split}/retain_t{target_seed}.log",
    cache: True
    conda:
        "../../envs/torch.yaml"
    resources:
        **asks(
            "results/{study}/runs/{model}/{split}/retain_t{target_seed}",
            "processes",
            "slurm_extra",
        ),
    params:
        inputs=inputs,
        spec=spec_of("results/{study}/runs/{model}/{split}/retain_t{target_seed}"),
        code=stage_digest("finetune"),
    shell:
        "grunflow finetune --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --processes {resources.processes} --out {output} --log {log}"
