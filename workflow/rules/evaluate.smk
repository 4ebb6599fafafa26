# Per-example scores of one model on the four sets. The batch size is no part of the spec: it changes no score.
rule evaluate:
    input:
        unpack(inputs_of("results/{study}/scores/{evaluated}")),
    output:
        directory("results/{study}/scores/{evaluated}"),
    log:
        "results/{study}/logs/evaluate/{evaluated}.log",
    cache: True
    conda:
        "../../envs/torch.yaml"
    resources:
        **asks("results/{study}/scores/{evaluated}"),
        batch_size=evaluation_batch,
    params:
        inputs=inputs,
        spec=spec_of("results/{study}/scores/{evaluated}"),
        code=stage_digest("evaluate"),
    shell:
        "grunflow evaluate --spec {params.spec:q} --code {params.code} --batch-size {resources.batch_size}"
        " {params.inputs} --out {output} --log {log}"


# Scores of all runs -> metrics, on a CPU: a changed formula never costs GPU time.
rule aggregate:
    input:
        unpack(inputs_of("results/{study}/metrics")),
    output:
        directory("results/{study}/metrics"),
    log:
        "results/{study}/logs/aggregate.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        inputs=inputs,
        spec=spec_of("results/{study}/metrics"),
        code=stage_digest("aggregate"),
    shell:
        "grunflow aggregate --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --out {output} --log {log}"
