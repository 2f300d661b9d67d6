// What a scripted stream says, as text.

export const kGreeting = ': connected\n\nretry: 2000\n\n';
export const frame = (n: number, data = `{"n":${n}}`): string => `id: e-${n}\ndata: ${data}\n\n`;
export const control = (name: string, data: object, id = ''): string => `${id && `id: ${id}\n`}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
