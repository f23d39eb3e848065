using System.Management.Automation;
using System.Management.Automation.Host;
using System.Management.Automation.Internal;
using System.Text;

namespace PSJob.Host;

/// <summary>The terminal behind stdout and stdin, or the size of a usual one where there is none.</summary>
internal sealed class ShellRawUI : PSHostRawUserInterface
{
    private static readonly Size s_usualSize = new(80, 40);

    private string _title = "";

    public override ConsoleColor ForegroundColor
    {
        get => Console.ForegroundColor;
        set => Console.ForegroundColor = value;
    }

    public override ConsoleColor BackgroundColor
    {
        get => Console.BackgroundColor;
        set => Console.BackgroundColor = value;
    }

    public override Size BufferSize
    {
        get => WindowSize;
        set => throw Unsupported();
    }

    /// <summary>A pseudo-terminal may report 0 by 0, which no table fits into.</summary>
    public override Size WindowSize
    {
        get => Console.WindowWidth > 0 && Console.WindowHeight > 0 ? new(Console.WindowWidth, Console.WindowHeight) : s_usualSize;
        set => throw Unsupported();
    }

    public override Size MaxWindowSize => WindowSize;

    public override Size MaxPhysicalWindowSize => WindowSize;

    public override Coordinates WindowPosition
    {
        get => default;
        set => throw Unsupported();
    }

    public override Coordinates CursorPosition
    {
        get => Console.IsOutputRedirected ? default : new(Console.CursorLeft, Console.CursorTop);
        set => Console.SetCursorPosition(Math.Max(value.X, 0), Math.Max(value.Y, 0));
    }

    public override int CursorSize
    {
        get => Console.CursorSize;
        set => throw Unsupported();
    }

    /// <summary>Terminals tell nobody their title: this is the one set last.</summary>
    public override string WindowTitle
    {
        get => _title;
        set
        {
            _title = value;
            if (!Console.IsOutputRedirected)
            {
                Console.Title = value;
            }
        }
    }

    public override bool KeyAvailable => Console.KeyAvailable;

    public override KeyInfo ReadKey(ReadKeyOptions options)
    {
        ConsoleKeyInfo key = Console.ReadKey(intercept: options.HasFlag(ReadKeyOptions.NoEcho));
        return new KeyInfo((int)key.Key, key.KeyChar, default, keyDown: true);
    }

    public override void FlushInputBuffer()
    {
        while (!Console.IsInputRedirected && Console.KeyAvailable)
        {
            Console.ReadKey(intercept: true);
        }
    }

    public override int LengthInBufferCells(string source) => LengthInBufferCells(source, 0);

    /// <summary>Columns that the text from <paramref name="offset"/> on takes, without its escape sequences.</summary>
    public override int LengthInBufferCells(string source, int offset)
    {
        string plain = new StringDecorated(source[offset..]).ToString(OutputRendering.PlainText);
        return plain.EnumerateRunes().Sum(Width);
    }

    public override int LengthInBufferCells(char source) => Rune.TryCreate(source, out Rune rune) ? Width(rune) : 1;

    public override BufferCell[,] GetBufferContents(Rectangle rectangle) => throw Unsupported();

    public override void SetBufferContents(Coordinates origin, BufferCell[,] contents) => throw Unsupported();

    public override void ScrollBufferContents(Rectangle source, Coordinates destination, Rectangle clip, BufferCell fill) => throw Unsupported();

    /// <summary>Clearing the screen is the only fill that terminals offer (Clear-Host uses it).</summary>
    public override void SetBufferContents(Rectangle rectangle, BufferCell fill)
    {
        if (rectangle is not { Left: -1, Top: -1, Right: -1, Bottom: -1 })
        {
            throw Unsupported();
        }

        if (!Console.IsOutputRedirected)
        {
            Console.Clear();
        }
    }

    /// <summary>Two columns for the wide blocks of Unicode's East Asian Width (UAX #11), one for the rest.</summary>
    private static int Width(Rune rune) => rune.Value switch
    {
        < 0x1100 => 1,
        <= 0x115f => 2,
        >= 0x2e80 and <= 0xa4cf and not 0x303f => 2,
        >= 0xac00 and <= 0xd7a3 => 2,
        >= 0xf900 and <= 0xfaff => 2,
        >= 0xfe30 and <= 0xfe6f => 2,
        >= 0xff00 and <= 0xff60 => 2,
        >= 0xffe0 and <= 0xffe6 => 2,
        >= 0x1f300 and <= 0x1f64f => 2,
        >= 0x1f900 and <= 0x1f9ff => 2,
        >= 0x20000 and <= 0x3fffd => 2,
        _ => 1,
    };

    private static NotSupportedException Unsupported() => new("A terminal cannot do this.");
}
