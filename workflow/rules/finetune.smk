# The model that knows the world but no author of the study.
rule finetune_base:
    input:
        data=data_of,
    output:
        directory("results/{study}/runs/{model}/base"),
    log:
        "results/{study}/logs/{model}/base.log",
    cache: True
    conda:
        "../../envs/torch.yaml"
    threads: 2
    params:
        spec=finetune_spec("base"),
        code=stage_digest("finetune"),
    shell:
        "grunflow finetune --spec {params.spec:q} --code {params.code} --input data={input.data}"
        " --out {output} --log {log}"


# Fine-tuned on everything: what unlearning starts from.
rule finetune_target:
    input:
        unpack(finetune_inputs),
    output:
        directory("results/{study}/runs/{model}/target_t{target_seed}"),
    log:
        "results/{study}/logs/{model}/target_t{target_seed}.log",
    cache: True
    conda:
        "../../envs/torch.yaml"
    params:
        inputs=named_inputs,
        spec=finetune_spec("target"),
        code=stage_digest("finetune"),
    shell:
        "grunflow finetune --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --out {output} --log {log}"


# Fine-tuned without the forget split: the gold reference of Forget Quality.
rule finetune_retain:
    input:
        unpack(finetune_inputs),
    output:
        directory("results/{study}/runs/{model}/{split}/retain_t{target_seed}"),
    log:
        "results/{study}/logs/{model}/{split}/retain_t{target_seed}.log",
    cache: True
    conda:
        "../../envs/torch.yaml"
    params:
        inputs=named_inputs,
        spec=finetune_spec("retain"),
        code=stage_digest("finetune"),
    shell:
        "grunflow finetune --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --out {output} --log {log}"
