/** Writes a planned run as a manifest of Kubernetes: an indexed Job, and a Job for the assembly. */
import { OptionError } from "../../errors.ts";
import { type ArrayJob, assembleWords, shardWords } from "./array-job.ts";

/** Exit codes after which another attempt gives the same: the Job fails at once. */
const finalOfShard = [2, 65, 66, 69, 73];
/** Without that of missing tiles: a client of NFS may see a new one only after a minute. */
const finalOfLast = [2, 65, 69, 73];

/**
 * The manifest. `claim` is the volume with input, run and output, mounted at the same path as where the run was planned.
 * The Job of the assembly is suspended until the shards are done.
 * @throws OptionError if input, run and output have no folder in common
 */
export function kubernetesManifest(
  job: ArrayJob,
  { image, claim }: { readonly image: string; readonly claim: string },
): string {
  const { name, shards, cpus, folder } = job;
  if (folder === "/") {
    throw new OptionError(
      "Expected picture, run and output below one folder for Kubernetes, which mounts it",
    );
  }
  const volume = { image, claim };
  return `# Made by deblur plan. The shards, then the assembly:
#   kubectl apply -f kubernetes.yaml
#   kubectl wait --for=condition=complete --timeout=-1s job/${name}
#   kubectl patch job/${name}-assemble -p '{"spec":{"suspend":false}}'
apiVersion: batch/v1
kind: Job
metadata:
  name: ${name}
spec:
  completionMode: Indexed
  completions: ${shards}
  parallelism: ${shards}
  backoffLimitPerIndex: 3
${podTemplate(job, `exec ${shardWords(job, '"$JOB_COMPLETION_INDEX"')} --threads ${cpus}`, { ...volume, final: finalOfShard })}---
apiVersion: batch/v1
kind: Job
metadata:
  name: ${name}-assemble
spec:
  suspend: true
  backoffLimit: 3
${podTemplate(job, `exec ${assembleWords(job)} --force`, { ...volume, final: finalOfLast })}`;
}

/** Scalars are JSON, which YAML reads. */
function podTemplate(
  { folder, cpus, megabytes }: ArrayJob,
  command: string,
  {
    image,
    claim,
    final,
  }: { readonly image: string; readonly claim: string; readonly final: readonly number[] },
): string {
  const memory = megabytes === undefined ? "" : `\n              memory: ${megabytes}M`;
  const limits = megabytes === undefined ? "" : `\n            limits:${memory}`;
  return `  podFailurePolicy:
    rules:
      - action: Ignore
        onPodConditions:
          - type: DisruptionTarget
      - action: FailJob
        onExitCodes:
          operator: In
          values: [${final.join(", ")}]
  template:
    spec:
      restartPolicy: Never
      securityContext:
        runAsNonRoot: true
        runAsUser: 1000
        fsGroup: 1000
      containers:
        - name: deblur
          image: ${JSON.stringify(image)}
          command: ["sh", "-c", ${JSON.stringify(command)}]
          resources:
            requests:
              cpu: ${cpus}${memory}${limits}
          volumeMounts:
            - name: data
              mountPath: ${JSON.stringify(folder)}
      volumes:
        - name: data
          persistentVolumeClaim:
            claimName: ${JSON.stringify(claim)}
`;
}
