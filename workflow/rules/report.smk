# CSV for machines, Markdown and LaTeX for people.
rule tables:
    input:
        unpack(inputs_of("results/{study}/tables")),
    output:
        expand(
            "results/{{study}}/tables/{name}.{form}",
            name=TABLES,
            form=["csv", "md", "tex"],
        ),
        manifest="results/{study}/tables/manifest.json",
    log:
        "results/{study}/logs/tables.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        out=subpath(output.manifest, parent=True),
        spec=spec_of("results/{study}/tables"),
        inputs=inputs,
        code=stage_digest("tables"),
    shell:
        "grunflow tables --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --out {params.out} --log {log}"


rule figures:
    input:
        unpack(inputs_of("results/{study}/figures")),
    output:
        expand(
            "results/{{study}}/figures/{name}.{form}",
            name=FIGURES,
            form=["pdf", "png"],
        ),
        manifest="results/{study}/figures/manifest.json",
    log:
        "results/{study}/logs/figures.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        out=subpath(output.manifest, parent=True),
        spec=spec_of("results/{study}/figures"),
        inputs=inputs,
        code=stage_digest("figures"),
    shell:
        "grunflow figures --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --out {params.out} --log {log}"


# One page with tables, figures and a summary; the copy at the study's root is what people open.
rule report:
    input:
        tables="results/{study}/tables/manifest.json",
        figures="results/{study}/figures/manifest.json",
    output:
        folder=directory("results/{study}/report"),
        page="results/{study}/report.html",
    log:
        "results/{study}/logs/report.log",
    localrule: True
    conda:
        "../../envs/report.yaml"
    params:
        inputs=inputs,
        spec=spec_of("results/{study}/report"),
        code=stage_digest("report"),
    shell:
        "grunflow report --spec {params.spec:q} --code {params.code} {params.inputs}"
        " --out {output.folder} --log {log}"
        " && cp {output.folder}/report.html {output.page}"
