#!/bin/sh
# One build on several machines under Slurm:
#
#     sbatch docs/slurm.sh --top all --run /shared/run --site /shared/site
#
# What is preempted, or comes to its time limit, is queued again and goes on from what the run holds.
#SBATCH --job-name=atlas
#SBATCH --nodes=4
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=8
#SBATCH --time=12:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:TERM@120

first=$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)

# The signal comes to this shell: it is handed on, and the job queued again once all have left.
leaving=
trap 'leaving=yes; kill -TERM "$build"' TERM

srun torchrun --nnodes="$SLURM_JOB_NUM_NODES" --nproc-per-node="$SLURM_GPUS_ON_NODE" \
	--max-restarts=3 --rdzv-backend=c10d --rdzv-endpoint="$first:29500" \
	--rdzv-id="$SLURM_JOB_ID-${SLURM_RESTART_COUNT:-0}" -m -- atlas build "$@" &
build=$!
wait "$build"
code=$?
if [ -n "$leaving" ]; then
	wait "$build" # the signal ended the first wait
	scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
