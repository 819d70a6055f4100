return await Lockstep.Cli.LockstepProgram.RunAsync(args);
