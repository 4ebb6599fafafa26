# The WMDP part: RMU against GRUN on corpora, judged by lm-eval.
rule prepare_corpora:
    input:
        unpack(inputs_of("results/{study}/runs/corpora")),
    output:
        directory("results/{study}/runs/corpora"),
    log:
        "results/{study}/logs/prepare_corpora.log",
    cache: True
    localrule: True
    conda:
        "../../envs/torch.yaml"
    params:
        inputs=inputs,
        spec=spec_of("results/{study}/runs/corpora"),
        code=stage_digest("prepare_corpora"),
    shell:
        "grunflow prepare_corpora --spec {params.spec:q} --code {params.code} {params.inputs} --out {output} --log {log}"


rule unlearn_wmdp:
    input:
        unpack(inputs_of("results/{study}/runs/{wmdp_run}")),
    output:
        folder=directory("results/{study}/runs/{wmdp_run}"),
    log:
        "results/{study}/logs/{wmdp_run}.log",
    cache: True
    conda:
        "../../envs/torch.yaml"
    resources:
        **asks("results/{study}/runs/{wmdp_run}", "slurm_extra"),
    params:
        inputs=inputs,
        carrier=carrier_of("results/{study}/runs/{wmdp_run}"),
        spec=spec_of("results/{study}/runs/{wmdp_run}"),
        code=stage_digest("unlearn_wmdp"),
    shell:
        "grunflow unlearn_wmdp --spec {params.spec:q} --code {params.code} {params.inputs}"
        " {params.carrier} --out {output.folder} --log {log}"


if STUDY.keep != "all":

    use rule unlearn_wmdp as unlearn_wmdp_and_discard with:
        output:
            folder=directory("results/{study}/runs/{wmdp_run}"),
            carrier=temp(directory("results/{study}/carriers/{wmdp_run}")),
        wildcard_constraints:
            wmdp_run=one_of(WMDP_DISCARDED),


# Answers per question. The batch size is no part of the spec: it changes no answer.
rule evaluate_wmdp:
    input:
        unpack(inputs_of("results/{study}/scores/{wmdp_evaluated}")),
    output:
        directory("results/{study}/scores/{wmdp_evaluated}"),
    log:
        "results/{study}/logs/evaluate/{wmdp_evaluated}.log",
    cache: True
    conda:
        "../../envs/torch.yaml"
    resources:
        **asks("results/{study}/scores/{wmdp_evaluated}"),
        batch_size=evaluation_batch,
    params:
        inputs=inputs,
        spec=spec_of("results/{study}/scores/{wmdp_evaluated}"),
        code=stage_digest("evaluate_wmdp"),
    shell:
        "grunflow evaluate_wmdp --spec {params.spec:q} --code {params.code} --batch-size {resources.batch_size}"
        " {params.inputs} --out {output} --log {log}"


rule aggregate_wmdp:
    input:
        unpack(inputs_of("results/{study}/wmdp")),
    output:
        directory("results/{study}/wmdp"),
    log:
        "results/{study}/logs/aggregate_wmdp.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        inputs=inputs,
        spec=spec_of("results/{study}/wmdp"),
        code=stage_digest("aggregate_wmdp"),
    shell:
        "grunflow aggregate_wmdp --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --out {output} --log {log}"
